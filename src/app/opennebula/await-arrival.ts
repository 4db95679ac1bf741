import { readQemuProcesses } from '../../formats/proc/qemu-processes.ts';
import { confirmStart } from '../confirm-start.ts';
import { recordDecision } from '../decision-records.ts';
import { LEASE_SECONDS } from '../place-in-ways.ts';
import { withEntry, type Preparation } from '../prepare-start.ts';
import { release } from '../release.ts';
import { sentenceOf } from '../sentence-of.ts';
import { arrivalLine } from './arrival-message.ts';
import type { DriverCall } from './driver-call.ts';
import type { LineChannel } from '../ports.ts';

/** The source says every 20 s that it is still there; after this long without a word it is not, milliseconds. */
const QUIET_MS = 180_000;

/** Disks may be copied for hours before QEMU is there, while a lease is for a start; milliseconds. */
const RENEW_MS = (LEASE_SECONDS * 1000) / 3;

type Placed = Extract<Preparation, { readonly kind: 'placed' }>;

/**
 * Waits for a guest that has a lease here:
 *
 * 1. While the source waits, the lease is renewed.
 * 2. The guest arrived: look at each thread, turn the lease into its claim, remember with what it was decided.
 * 3. The migration failed, or the source is gone: give the lease back. Where its QEMU runs all the same, whether it is to stay
 *    is not known here: the lease is left to the next reader, for whom it is that process's claim as soon as this one ends.
 */
export async function awaitArrival(
  call: DriverCall,
  { channel, prepared }: { readonly channel: LineChannel; readonly prepared: Placed },
): Promise<void> {
  const { entry, asked } = prepared;
  const stateFolder = call.folders.state;
  let renewed = Date.now();
  for (;;) {
    const heard = await channel.receive(QUIET_MS);
    if (heard.kind === 'line' && heard.line === 'waiting') {
      if (Date.now() - renewed < RENEW_MS) continue;
      renewed = Date.now();
      await said(() => renew(call, entry.vm));
      continue;
    }
    if (heard.kind === 'line' && heard.line === 'arrived') {
      const warnings = await said(() => confirmStart(entry, call));
      channel.send(arrivalLine({ kind: 'confirmed', warnings }));
      recordDecision(call.node, stateFolder, asked);
      return;
    }
    if (readQemuProcesses(call.node.files).some(({ name }) => name === entry.vm))
      recordDecision(call.node, stateFolder, asked);
    else await said(() => release({ ...call, stateFolder }, entry.vm));
    return;
  }
}

async function renew(call: DriverCall, vm: string): Promise<readonly string[]> {
  const unlock = await call.ledger.acquire();
  try {
    const { ledger } = call.ledger.read();
    const entry = ledger.entries.find(one => one.vm === vm && one.claim.owner === call.owner);
    if (entry === undefined) return [];
    const expires = Math.floor(Date.now() / 1000) + LEASE_SECONDS;
    call.ledger.write(withEntry(ledger, { ...entry, claim: { ...entry.claim, expires } }));
    return [];
  } finally {
    unlock();
  }
}

/** What went wrong is told; the guest comes or does not come regardless. */
async function said(work: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await work();
  } catch (error) {
    return [sentenceOf(error)];
  }
}
