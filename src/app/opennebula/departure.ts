import type { LedgerEntry } from '../../domain/ledger.ts';
import type { OnRefusal } from '../../domain/node-policy.ts';
import { readBootId } from '../../formats/proc/process-id.ts';
import { readQemuProcesses, type QemuProcess } from '../../formats/proc/qemu-processes.ts';
import { readRepairMemory } from '../reconcile/repair-memory.ts';
import { askDestination, HEARD_NOTHING_MS, type Asked, type Destination } from './ask-destination.ts';
import { failure, runStock, withWarnings, type DriverAnswer, type DriverCall } from './driver-call.ts';
import type { LineChannel } from '../ports.ts';
import { releaseAfter } from './release-after.ts';
import { repin } from './repin.ts';
import { travellingXml } from './travel.ts';

/** File of the state folder in which reconcile remembers what it let guests without pins run on. */
const MEMORY = 'reconcile.json';

/** A guest that leaves. */
interface Traveller {
  readonly qemu: QemuProcess;
  readonly entry: LedgerEntry;
  /** The domain as libvirt would send it. */
  readonly xml: string;
  readonly onRefusal: OnRefusal;
  readonly profile: string | null;
}

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
  const entry = qemu === undefined ? undefined : await entryOf(call, qemu);
  if (qemu === undefined || entry === undefined) return runStock(call, call.stdin);
  if (entry.foreign !== null) return foreignTravels(call, qemu);
  const own = { qemu, entry };
  const xml = await call.domains.migratableXml(own.qemu.name);
  if (xml === null)
    return failure(
      `The XML of ${own.qemu.name} could not be read with virsh dumpxml --migratable, so it was not migrated: check that libvirtd runs here.`,
    );
  const traveller = { ...own, xml, ...(await policyIn(xml)) };
  const { channel, asked } = await askDestination(call, host, {
    kind: 'pinfold/arrival',
    version: 1,
    source: call.node.name,
    ...requestOf(traveller),
    onRefusal: traveller.onRefusal,
    profile: traveller.profile,
    xml,
  });
  try {
    const trip = await tripOf(asked, traveller, host);
    if ('reason' in trip) return failure(trip.reason, trip.warnings);
    const answer = await travel(call, { trip, traveller, channel, host });
    return withWarnings(answer, trip.warnings);
  } finally {
    await channel?.close();
  }
}

async function entryOf(call: DriverCall, { process }: QemuProcess): Promise<LedgerEntry | undefined> {
  const unlock = await call.ledger.acquire();
  try {
    return call.ledger.read().ledger.entries.find(entry => entry.process === process);
  } finally {
    unlock();
  }
}

/** Pins of its owner's go with it; those that reconcile gave it hold only here. */
async function foreignTravels(call: DriverCall, qemu: QemuProcess): Promise<DriverAnswer> {
  const { node, folders } = call;
  const { confined } = readRepairMemory(node, `${folders.state}/${MEMORY}`, {
    boot: readBootId(node.files),
    seconds: 0,
  });
  const xml = confined[qemu.process] === undefined ? null : await call.domains.migratableXml(qemu.name);
  if (xml === null) return runStock(call, call.stdin);
  return stockWith(call, { pid: qemu.pid, xml: await travellingXml(xml, { vm: qemu.name, request: null }) });
}

/** OpenNebula's script, with this XML for libvirt. */
async function stockWith(
  call: DriverCall,
  { pid, xml }: { readonly pid: number; readonly xml: string },
): Promise<DriverAnswer> {
  const path = `${call.folders.state}/travel-${pid}.xml`;
  call.node.writeAtomically(path, xml, 0o600);
  try {
    return await runStock(call, call.stdin, await call.migration.environment(path));
  } finally {
    call.node.remove(path);
  }
}

/** What the guest carries of its policy since its start; one whose start was long ago carries none and is strict. */
async function policyIn(xml: string): Promise<Pick<Traveller, 'onRefusal' | 'profile'>> {
  const { readClaimMetadata } = await import('../xml-formats.ts');
  try {
    const extra = readClaimMetadata(xml)?.extra ?? {};
    const { profile } = extra;
    return {
      onRefusal: extra['onRefusal'] === 'float' ? 'float' : 'strict',
      profile: typeof profile === 'string' ? profile : null,
    };
  } catch {
    return { onRefusal: 'strict', profile: null };
  }
}

function requestOf({ entry }: Traveller): Pick<Asked, 'request'> {
  const request = entry.wished ?? entry.request;
  return { request: request ?? null };
}

/** With which XML the guest goes; `isPlaced`: its place waits for it there. */
interface Trip {
  readonly xml: string;
  readonly isPlaced: boolean;
  readonly warnings: readonly string[];
}

async function tripOf(
  there: Destination,
  traveller: Traveller,
  host: string,
): Promise<Trip | { readonly reason: string; readonly warnings: readonly string[] }> {
  const { entry, xml, onRefusal } = traveller;
  const bare = () => travellingXml(xml, { vm: entry.vm, request: entry.wished ?? entry.request ?? null });
  if ('xml' in there) return { xml: there.xml, isPlaced: there.kind === 'placed', warnings: there.warnings };
  if (there.kind === 'absent')
    return {
      xml: await bare(),
      isPlaced: false,
      warnings: [
        `Pinfold is not on ${host}, so ${entry.vm} goes there without a placement: run "onehost sync --force", or keep it on hosts that have Pinfold.`,
      ],
    };
  const warnings = there.kind === 'refused' ? there.warnings : [];
  if (onRefusal === 'strict') return { reason: there.reason, warnings };
  return {
    xml: await bare(),
    isPlaced: false,
    warnings: [...warnings, `${there.reason} It goes without a placement, because its policy says float.`],
  };
}

/** How often the destination hears that the migration goes on; it gives up after some minutes of nothing. */
const HEARTBEAT_MS = 20_000;

async function travel(
  call: DriverCall,
  {
    trip,
    traveller,
    channel,
    host,
  }: {
    readonly trip: Trip;
    readonly traveller: Traveller;
    readonly channel: LineChannel | null;
    readonly host: string;
  },
): Promise<DriverAnswer> {
  const heartbeat = setInterval(() => channel?.send('waiting'), HEARTBEAT_MS);
  let answer: DriverAnswer;
  try {
    answer = await stockWith(call, { pid: traveller.qemu.pid, xml: trip.xml });
  } finally {
    clearInterval(heartbeat);
  }
  if (answer.code !== 0) {
    channel?.send('failed');
    return withLater(answer, await repin(call));
  }
  const warnings = trip.isPlaced && channel !== null ? await confirmation(channel, traveller, host) : [];
  return withLater(withWarnings(answer, warnings), await releaseAfter(call));
}

function withLater(answer: DriverAnswer, after: DriverAnswer): DriverAnswer {
  return { ...answer, stderr: `${answer.stderr}${after.stderr}` };
}

/** Tells the destination that the guest is there; answers what it says about its threads. */
async function confirmation(
  channel: LineChannel,
  { entry }: Traveller,
  host: string,
): Promise<readonly string[]> {
  const { readArrivalLine } = await import('./arrival-message.ts');
  channel.send('arrived');
  for (;;) {
    const heard = await channel.receive(HEARD_NOTHING_MS);
    const answer = heard.kind === 'line' ? readArrivalLine(heard.line) : 'garbage';
    if (answer === null) continue;
    if (answer !== 'garbage' && answer.kind === 'confirmed') return answer.warnings;
    return [
      `${host} did not confirm that ${entry.vm} runs where it was decided: run "pinfold reconcile" there.`,
    ];
  }
}
