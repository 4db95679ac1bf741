import { readBootId } from '../../formats/proc/process-id.ts';
import { readQemuProcesses, type QemuProcess } from '../../formats/proc/qemu-processes.ts';
import { readRepairMemory } from '../reconcile/repair-memory.ts';
import { sentenceOf } from '../sentence-of.ts';
import { askDestination, HEARD_NOTHING_MS, type Destination } from './ask-destination.ts';
import { failure, runStock, withWarnings, type DriverAnswer, type DriverCall } from './driver-call.ts';
import type { LineChannel } from '../ports.ts';
import { releaseAfter } from './release-after.ts';
import { repin } from './repin.ts';
import { travellingXml } from './travel.ts';
import { leavingGuest, wordOf, type Leaving, type Traveller } from './traveller.ts';

/** File of the state folder in which reconcile remembers what it let guests without pins run on. */
const MEMORY = 'reconcile.json';

/**
 * `migrate DEPLOY_ID DESTINATION SOURCE VM_ID SOURCE` and `migrate_local`, the driver's message on standard input; on the host
 * that the guest leaves:
 *
 * 1. A guest that Pinfold did not place travels as it is, but without pins by which reconcile kept it off the CPUs of others.
 * 2. Pinfold on the destination decides where it goes there and leases that. What cannot be asked or has no room stays, unless
 *    the guest may float; only where there is no Pinfold at all does it travel without a place.
 * 3. OpenNebula's script migrates it with the XML of the destination, so that QEMU is born there on its CPUs and cells. The
 *    guest here keeps every pin that it has.
 * 4. The destination hears how that ended, and turns the lease into a claim or gives it back. Here the claim is given
 *    back, or the guest is looked at once more.
 */
export async function depart(call: DriverCall): Promise<DriverAnswer> {
  const [domain = '', host = ''] = call.args;
  const qemu = readQemuProcesses(call.node.files).find(
    ({ name, uuid }) => name === domain || uuid === domain,
  );
  if (qemu === undefined) return runStock(call, call.stdin);
  let leaving: Leaving;
  try {
    leaving = await leavingGuest(call, qemu);
  } catch (error) {
    return withoutState(call, sentenceOf(error));
  }
  const { traveller, warnings } = leaving;
  return withWarnings(
    await (traveller === null ? foreignTravels(call, qemu) : ourTravels(call, traveller, host)),
    warnings,
  );
}

/** Where the state of this host is of no use at all, only a VM that must have a place stays. */
async function withoutState(call: DriverCall, reason: string): Promise<DriverAnswer> {
  const word = await wordOf(call.stdin);
  if (word === 'strict' || (word === null && call.stdin.includes('<PINFOLD>'))) return failure(reason);
  return withWarnings(await runStock(call, call.stdin), [
    `${reason} The VM migrates with the pins that it has here: run "pinfold reconcile" on the other host.`,
  ]);
}

async function ourTravels(call: DriverCall, traveller: Traveller, host: string): Promise<DriverAnswer> {
  const { qemu, request, xml, onRefusal, profile } = traveller;
  if (xml === null)
    return failure(
      `The XML of ${qemu.name} could not be read with virsh dumpxml --migratable, so it was not migrated: check that libvirtd runs here.`,
    );
  const { channel, asked } = await askDestination(call, host, {
    kind: 'pinfold/arrival',
    version: 1,
    source: call.node.name,
    request,
    onRefusal,
    profile,
    xml,
  });
  try {
    const trip = await tripOf(asked, { ...traveller, xml }, host);
    if ('reason' in trip) return failure(trip.reason, trip.warnings);
    const answer = await travel(call, { trip, qemu, channel, host });
    return withWarnings(answer, trip.warnings);
  } finally {
    await channel?.close();
  }
}

/** Pins of its owner's go with it; those that reconcile gave it hold only here, and keep it here for no reason. */
async function foreignTravels(call: DriverCall, qemu: QemuProcess): Promise<DriverAnswer> {
  const { node, folders } = call;
  const { confined } = readRepairMemory(node, `${folders.state}/${MEMORY}`, {
    boot: readBootId(node.files),
    seconds: 0,
  });
  const xml = confined[qemu.process] === undefined ? null : await call.domains.migratableXml(qemu.name);
  if (xml === null) return runStock(call, call.stdin);
  let path: string;
  try {
    path = writeTravelXml(call, qemu, await travellingXml(xml, null));
  } catch (error) {
    return withWarnings(await runStock(call, call.stdin), [sentenceOf(error)]);
  }
  return stockWith(call, path);
}

function writeTravelXml({ node, folders }: DriverCall, { pid }: QemuProcess, xml: string): string {
  const path = `${folders.state}/travel-${pid}.xml`;
  node.writeAtomically(path, xml, 0o600);
  return path;
}

/** OpenNebula's script, with the XML in this file for libvirt. */
async function stockWith(call: DriverCall, path: string): Promise<DriverAnswer> {
  try {
    return await runStock(call, call.stdin, await call.migration.environment(path));
  } finally {
    call.node.remove(path);
  }
}

/** With which XML the guest goes; `isPlaced`: its place waits for it there. */
interface Trip {
  readonly xml: string;
  readonly isPlaced: boolean;
  readonly warnings: readonly string[];
}

async function tripOf(
  there: Destination,
  traveller: Traveller & { readonly xml: string },
  host: string,
): Promise<Trip | { readonly reason: string; readonly warnings: readonly string[] }> {
  const { qemu, request, xml, onRefusal, profile, floatsBecause } = traveller;
  const vm = qemu.name;
  const bare = () => travellingXml(xml, request && { vm, request, onRefusal, profile });
  if ('xml' in there) return { xml: there.xml, isPlaced: there.kind === 'placed', warnings: there.warnings };
  if (there.kind === 'absent')
    return {
      xml: await bare(),
      isPlaced: false,
      warnings: [
        `Pinfold is not on ${host}, so ${vm} goes there without a placement: run "onehost sync --force", or keep it on hosts that have Pinfold.`,
      ],
    };
  const warnings = there.kind === 'refused' ? there.warnings : [];
  if (onRefusal === 'strict') return { reason: there.reason, warnings };
  return {
    xml: await bare(),
    isPlaced: false,
    warnings: [...warnings, `${there.reason} It goes without a placement, because ${floatsBecause}.`],
  };
}

/** How often the destination hears that the migration goes on; it gives up after some minutes of nothing. */
const HEARTBEAT_MS = 20_000;

async function travel(
  call: DriverCall,
  {
    trip,
    qemu,
    channel,
    host,
  }: {
    readonly trip: Trip;
    readonly qemu: QemuProcess;
    readonly channel: LineChannel | null;
    readonly host: string;
  },
): Promise<DriverAnswer> {
  const heartbeat = setInterval(() => channel?.send('waiting'), HEARTBEAT_MS);
  let answer: DriverAnswer;
  try {
    answer = await stockWith(call, writeTravelXml(call, qemu, trip.xml));
  } finally {
    clearInterval(heartbeat);
  }
  if (answer.code !== 0) {
    channel?.send('failed');
    return withLater(answer, await repin(call));
  }
  const warnings = trip.isPlaced && channel !== null ? await confirmation(channel, qemu.name, host) : [];
  return withLater(withWarnings(answer, warnings), await releaseAfter(call));
}

function withLater(answer: DriverAnswer, after: DriverAnswer): DriverAnswer {
  return { ...answer, stderr: `${answer.stderr}${after.stderr}` };
}

/** Tells the destination that the guest is there; answers what it says about its threads. */
async function confirmation(channel: LineChannel, vm: string, host: string): Promise<readonly string[]> {
  const { readArrivalLine } = await import('./arrival-message.ts');
  channel.send('arrived');
  for (;;) {
    const heard = await channel.receive(HEARD_NOTHING_MS);
    const answer = heard.kind === 'line' ? readArrivalLine(heard.line) : 'garbage';
    if (answer === null) continue;
    if (answer !== 'garbage' && answer.kind === 'confirmed') return answer.warnings;
    return [`${host} did not confirm that ${vm} runs where it was decided: run "pinfold reconcile" there.`];
  }
}
