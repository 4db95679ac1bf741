import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { processIdentity } from '../kit/process-identity.ts';
import { mustRun, runProgram, type ProgramEnd } from '../kit/run-program.ts';
import { cpuNumbers } from '../kit/cpu-numbers.ts';
import * as driver from '../opennebula/drive.ts';
import { deploymentXml, vmFolder, type DomainType, type GuestTemplate } from '../opennebula/template.ts';
import { damage, type Damage } from './damage.ts';
import { domainPins, type DomainPins } from './domain-pins.ts';
import { cellsOfHost, freeHugePages, hugePagesOf, onlineCpus } from './host-facts.ts';
import { ledgerRecords, type LedgerRecord } from './ledger-file.ts';
import { liveThreads, type LiveThread } from './live-threads.ts';
import type { HookSettings } from './hook-settings.ts';
import { PveStage } from './pve-stage.ts';
import { SecondHost } from './second-host.ts';

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

/** What a stage is besides its host. */
export interface StageSettings {
  readonly type: DomainType;
  /** Folder with dist/ and hooks/. */
  readonly delivery: string;
  readonly hookSettings: HookSettings;
  /** Broken on purpose in each guest as soon as it runs; null = nothing, as in every suite. */
  readonly damage: Damage | null;
  /** The script of a private host, where a second one can be started beside this; else null. */
  readonly privateHost: string | null;
  readonly print: (line: string) => void;
}

const VIRSH = ['virsh', '--connect', 'qemu:///system'];
const VIRSH_TIMEOUT_MS = 30_000;

/** What a scenario does and sees; one for each scenario, on a host without guests. */
export class Stage {
  readonly #host: driver.DrivenHost;
  readonly #settings: StageSettings;
  readonly #running = new Map<number, Running>();
  #checks = 0;

  constructor(host: driver.DrivenHost, settings: StageSettings) {
    this.#host = host;
    this.#settings = settings;
    this.proxmox = new PveStage(this, {
      delivery: settings.delivery,
      hookSettings: settings.hookSettings,
      swallowsNudge: settings.damage === 'nudge',
    });
  }

  #print(line: string): void {
    this.#settings.print(line);
  }

  /** A line for whoever reads along. */
  say(line: string): void {
    this.#print(`      ${line}`);
  }

  /** The host as a node of Proxmox VE, for scenarios that are played there. */
  readonly proxmox: PveStage;

  /** How many checks held so far. */
  get checks(): number {
    return this.#checks;
  }

  /** The host as the driver works on it. */
  get host(): driver.DrivenHost {
    return this.#host;
  }

  /** Folder with dist/ and hooks/. */
  get delivery(): string {
    return this.#settings.delivery;
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
    return deploymentXml(guest, this.#settings.type);
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
    if (this.#settings.damage !== null) await this.damage(guest, this.#settings.damage);
    return this.#running.get(guest.id)!;
  }

  /** Breaks something in a guest that runs. */
  async damage(guest: GuestTemplate, what: Damage): Promise<void> {
    this.#print(`      broken on purpose: ${await damage(what, await this.see(guest))}`);
  }

  /** Does what must make a check fail, and returns the check's sentence. */
  async checkThatFails(what: string, work: () => Promise<unknown>): Promise<string> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof CheckFailed)) throw error;
      this.#checks += 1;
      this.#print(`      ${what} was noticed: ${error.message}`);
      return error.message;
    }
    throw new CheckFailed(`${what}: no check noticed it.`);
  }

  /** Runs virsh; what becomes of it is the answer. */
  virsh(...words: readonly string[]): Promise<ProgramEnd> {
    return runProgram([...VIRSH, ...words], { timeoutMs: VIRSH_TIMEOUT_MS });
  }

  /** Runs virsh, which must work. */
  async mustVirsh(...words: readonly string[]): Promise<string> {
    return mustRun([...VIRSH, ...words], { timeoutMs: VIRSH_TIMEOUT_MS });
  }

  /** Runs any other program of the host, which must work. */
  async program(...argv: readonly string[]): Promise<string> {
    return mustRun(argv, { timeoutMs: VIRSH_TIMEOUT_MS });
  }

  /** Runs any other program of the host, whatever comes of it. */
  tryProgram(...argv: readonly string[]): Promise<ProgramEnd> {
    return runProgram(argv, { timeoutMs: VIRSH_TIMEOUT_MS });
  }

  /** A file's text. */
  read(path: string): string {
    return readFileSync(path, 'utf8');
  }

  /** The Node that Pinfold's programs run on. */
  get node(): string {
    return this.#settings.hookSettings.PINFOLD_NODE ?? process.execPath;
  }

  /** Runs the delivered `pinfold`, which must work, and returns the document that it prints. */
  async pinfold(...words: readonly string[]): Promise<unknown> {
    const program = join(this.#settings.delivery, 'dist/pinfold.cjs');
    const said = await mustRun([this.node, program, ...words, '--json'], { timeoutMs: 60_000 });
    return JSON.parse(said) as unknown;
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

  /** A second host beside this one, to which guests can be migrated; the scenario stops it. */
  startSecondHost(): Promise<SecondHost> {
    if (this.#settings.privateHost === null)
      throw new Error('Only on this machine a second host can be started.');
    return SecondHost.start(this.#host, this.#settings.privateHost);
  }

  /** Live migration to another host, whatever comes of it. */
  async migrate(running: Running, to: SecondHost): Promise<driver.ActionEnd> {
    const { guest, deployId } = running;
    const end = await driver.migrate(to.callsFrom(this.#host), guest, { deployId, destination: to.name });
    if (end.result === 'SUCCESS') this.#running.delete(guest.id);
    for (const line of end.log) this.#print(`      log: ${line}`);
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
   * thread, the claim belongs to this very process, and 2 MiB pages lie on the cells that were decided.
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
    const astray = threadsOf('emulator')
      .filter(thread => !isWhereEmulatorsAre(thread, emulator))
      .map(thread => [thread.name, thread.cpus.join(',')]);
    const count = threadsOf('emulator').length;
    this.check(`${name}'s emulator threads off ${emulator.join(',')} (of ${count})`, astray, []);
    for (const thread of threadsOf('iothread')) {
      const decided = cpuNumbers(placement.iothreads[String(thread.number)] ?? '');
      this.check(`mask of ${name}'s thread "${thread.name}"`, thread.cpus, decided);
    }
    if (seen.pins.pageSizeKiB === 2048) {
      const pages = placement.cells.map(cell => [cell.hostCell, cell.memoryMiB / 2]);
      this.check(
        `2 MiB pages that ${name} holds on each cell`,
        this.hugePagesOf(seen),
        Object.fromEntries(pages),
      );
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

/**
 * On exactly the emulator's CPUs; a thread context, with which QEMU touches the memory of one cell (`TC …`), binds
 * itself to those of them that are on its cell.
 */
function isWhereEmulatorsAre(thread: LiveThread, emulator: readonly number[]): boolean {
  if (thread.name.startsWith('TC ')) return thread.cpus.every(cpu => emulator.includes(cpu));
  return isDeepStrictEqual(thread.cpus, emulator);
}
