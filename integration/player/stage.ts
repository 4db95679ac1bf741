import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { processIdentity } from '../kit/process-identity.ts';
import { mustRun, runProgram } from '../kit/run-program.ts';
import { cpuNumbers } from '../kit/cpu-numbers.ts';
import * as driver from '../opennebula/drive.ts';
import { deploymentXml, vmFolder, type DomainType, type GuestTemplate } from '../opennebula/template.ts';
import { domainPins, type DomainPins } from './domain-pins.ts';
import { cellsOfHost, freeHugePages, hugePagesOf, onlineCpus } from './host-facts.ts';
import { ledgerRecords, type LedgerRecord } from './ledger-file.ts';
import { liveThreads, type LiveThread } from './live-threads.ts';

/** A check that saw something else than it should; the message names the check and both sides. */
export class CheckFailed extends Error {
  override readonly name = 'CheckFailed';
}

/** A guest that the driver started. */
export interface Running {
  readonly guest: GuestTemplate;
  readonly deployId: string;
  readonly end: driver.ActionEnd;
}

/** A running guest as kernel, libvirt and ledger see it in one moment. */
export interface Seen {
  readonly pid: number;
  readonly threads: readonly LiveThread[];
  readonly pins: DomainPins;
  readonly xml: string;
  /** null when the ledger does not know it. */
  readonly record: LedgerRecord | null;
}

const VIRSH = ['virsh', '--connect', 'qemu:///system'];
const VIRSH_TIMEOUT_MS = 30_000;

/** What a scenario does and sees; one for each scenario, on a host without guests. */
export class Stage {
  readonly #host: driver.DrivenHost;
  readonly #type: DomainType;
  readonly #print: (line: string) => void;
  readonly #running = new Map<number, Running>();
  #checks = 0;

  constructor(host: driver.DrivenHost, type: DomainType, print: (line: string) => void) {
    this.#host = host;
    this.#type = type;
    this.#print = print;
  }

  /** How many checks held so far. */
  get checks(): number {
    return this.#checks;
  }

  /** The host as the driver works on it. */
  get host(): driver.DrivenHost {
    return this.#host;
  }

  get cells(): ReturnType<typeof cellsOfHost> {
    return cellsOfHost();
  }

  get onlineCpus(): readonly number[] {
    return onlineCpus();
  }

  get freeHugePages(): Record<string, number> {
    return freeHugePages();
  }

  get ledger(): readonly LedgerRecord[] {
    return ledgerRecords();
  }

  /** States what was seen and what must be; deep equality. */
  check(what: string, seen: unknown, wanted: unknown): void {
    if (!isDeepStrictEqual(seen, wanted))
      throw new CheckFailed(
        `${what}: saw ${JSON.stringify(seen)}, but it must be ${JSON.stringify(wanted)}.`,
      );
    this.#checks += 1;
    this.#print(`      saw ${what}: ${JSON.stringify(seen)}`);
  }

  /** States a condition; `seen` is what the message shows. */
  holds(what: string, condition: boolean, seen: unknown): void {
    if (!condition) throw new CheckFailed(`${what} does not hold: saw ${JSON.stringify(seen)}.`);
    this.#checks += 1;
    this.#print(`      ${what}: ${JSON.stringify(seen)}`);
  }

  /** What oned would send for this guest. */
  domainXml(guest: GuestTemplate): string {
    return deploymentXml(guest, this.#type);
  }

  /** The domain that the stock script was given, as it lies in the VM's folder. */
  domainAsLaunched(guest: GuestTemplate): string {
    return readFileSync(join(vmFolder(guest.id), 'deployment.0'), 'utf8');
  }

  /** Deploys through the driver; whatever comes of it. */
  async tryDeploy(guest: GuestTemplate): Promise<driver.ActionEnd> {
    const end = await driver.deploy(this.#host, guest, this.domainXml(guest));
    if (end.result === 'SUCCESS') this.#running.set(guest.id, { guest, deployId: end.deployId, end });
    return end;
  }

  /** Deploys a guest that must start. */
  async deploy(guest: GuestTemplate): Promise<Running> {
    const end = await this.tryDeploy(guest);
    if (end.result !== 'SUCCESS')
      throw new CheckFailed(`Guest one-${guest.id} must start, but: ${end.info}\n${end.log.join('\n')}`);
    this.check(`deploy id of one-${guest.id} is its UUID`, end.deployId, await this.#uuid(guest));
    this.#print(`      one-${guest.id} started in ${(end.millis / 1000).toFixed(1)} s`);
    for (const line of end.log.filter(text => !text.startsWith('I ExitCode')))
      this.#print(`      log: ${line}`);
    return this.#running.get(guest.id)!;
  }

  /** Deploys a guest that must be refused, and returns the text that its owner reads. */
  async refused(guest: GuestTemplate): Promise<string> {
    const end = await this.tryDeploy(guest);
    this.check(`outcome of the deploy of one-${guest.id}`, end.result, 'FAILURE');
    this.#print(`      its owner reads: ${end.info}`);
    return end.info;
  }

  async cancel(running: Running): Promise<driver.ActionEnd> {
    const end = await driver.cancel(this.#host, running.guest, running.deployId);
    if (end.result === 'SUCCESS') this.#running.delete(running.guest.id);
    return end;
  }

  async save(running: Running): Promise<driver.ActionEnd> {
    const end = await driver.save(this.#host, running.guest, running.deployId);
    if (end.result === 'SUCCESS') this.#running.delete(running.guest.id);
    return end;
  }

  async restore(running: Running): Promise<driver.ActionEnd> {
    const end = await driver.restore(this.#host, running.guest, running.deployId);
    if (end.result === 'SUCCESS') this.#running.set(running.guest.id, running);
    return end;
  }

  /** Domains that libvirt runs, by name. */
  async domains(): Promise<string[]> {
    const said = await mustRun([...VIRSH, 'list', '--name'], { timeoutMs: VIRSH_TIMEOUT_MS });
    return said.split('\n').filter(Boolean).sort();
  }

  /** Kernel, libvirt and ledger on one running guest. */
  async see(guest: GuestTemplate): Promise<Seen> {
    const name = `one-${guest.id}`;
    const xml = await mustRun([...VIRSH, 'dumpxml', name], { timeoutMs: VIRSH_TIMEOUT_MS });
    const pid = Number(readFileSync(`/run/libvirt/qemu/${name}.pid`, 'utf8'));
    const record = this.ledger.find(entry => entry.vm === name) ?? null;
    return { pid, xml, pins: domainPins(xml), threads: liveThreads(pid), record };
  }

  /** Pages of 2 MiB that a guest's QEMU really holds, by cell. */
  hugePagesOf(seen: Seen): Record<string, number> {
    return hugePagesOf(seen.pid);
  }

  /**
   * The decision in the ledger, the pins in libvirt and the masks in the kernel are one and the same for every
   * thread, and the claim belongs to this very process.
   */
  async agrees(guest: GuestTemplate): Promise<Seen> {
    const seen = await this.see(guest);
    const name = `one-${guest.id}`;
    const placement = seen.record?.placement;
    if (placement === null || placement === undefined)
      throw new CheckFailed(
        `The ledger must hold the placement of ${name}; it has ${JSON.stringify(this.ledger)}.`,
      );
    this.check(`process of ${name}'s claim`, seen.record?.process, processIdentity(seen.pid));
    const threadsOf = (role: LiveThread['role']) => seen.threads.filter(thread => thread.role === role);
    this.check(`vCPU threads of ${name}`, threadsOf('vcpu').length, guest.vcpus);
    for (const thread of threadsOf('vcpu')) {
      const decided = cpuNumbers(placement.pins[String(thread.number)] ?? '');
      this.check(`mask of ${name}'s thread "${thread.name}"`, thread.cpus, decided);
      this.check(
        `libvirt's pin of ${name}'s vCPU ${thread.number!}`,
        seen.pins.vcpus[thread.number!],
        decided,
      );
    }
    const emulator = cpuNumbers(placement.emulator.cpus);
    this.check(`libvirt's emulator pin of ${name}`, seen.pins.emulator, emulator);
    const masks = threadsOf('emulator').map(thread => [thread.name, thread.cpus.join(',')]);
    const astray = masks.filter(([, cpus]) => cpus !== emulator.join(','));
    this.check(`${name}'s emulator threads off ${emulator.join(',')} (of ${masks.length})`, astray, []);
    for (const thread of threadsOf('iothread')) {
      const decided = cpuNumbers(placement.iothreads[String(thread.number)] ?? '');
      this.check(`mask of ${name}'s thread "${thread.name}"`, thread.cpus, decided);
    }
    return seen;
  }

  /** Ends what still runs, and fails when a domain or a ledger entry is left. */
  async clear(): Promise<void> {
    for (const running of this.#running.values()) await this.cancel(running);
    for (const name of await this.domains())
      await runProgram([...VIRSH, 'destroy', name], { timeoutMs: VIRSH_TIMEOUT_MS });
  }

  async #uuid(guest: GuestTemplate): Promise<string> {
    const said = await mustRun([...VIRSH, 'domuuid', `one-${guest.id}`], { timeoutMs: VIRSH_TIMEOUT_MS });
    return said.trim();
  }

  /** Whether a file or folder exists on the host. */
  exists(path: string): boolean {
    return existsSync(path);
  }
}
