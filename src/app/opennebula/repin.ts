import type { Placement } from '../../domain/decision.ts';
import type { LedgerEntry } from '../../domain/ledger.ts';
import { readQemuProcesses, type QemuProcess } from '../../formats/proc/qemu-processes.ts';
import { readQemuThreads } from '../../formats/proc/qemu-threads.ts';
import { cpusOfPins, enforce } from '../confirm-start.ts';
import { withEntry } from '../prepare-start.ts';
import { warningLines, type DriverAnswer, type DriverCall } from './driver-call.ts';
import { sentenceOf } from '../sentence-of.ts';

/**
 * Pins a live guest as it was decided, after its vCPUs or its whole state changed behind Pinfold's back:
 *
 * 1. A vCPU that was plugged in has no CPUs of its own; it gets those of the guest's other vCPUs, so that it
 *    disturbs no other guest, and a warning says so.
 * 2. Everything else goes back to where the ledger has it. A reverted snapshot may run in a new process: the claim
 *    moves to that.
 *
 * A guest that Pinfold did not place is left alone. Never fails: the guest runs.
 */
export async function repin(call: DriverCall): Promise<DriverAnswer> {
  try {
    return { code: 0, stdout: '', stderr: warningLines(await repinGuest(call)) };
  } catch (error) {
    return { code: 0, stdout: '', stderr: warningLines([sentenceOf(error)]) };
  }
}

async function repinGuest(call: DriverCall): Promise<readonly string[]> {
  const domain = call.args[0] ?? '';
  const qemu = readQemuProcesses(call.node.files).find(
    ({ name, uuid }) => name === domain || uuid === domain,
  );
  if (qemu === undefined) return [];
  const entry = await takeOver(call, qemu);
  if (entry === null || entry.placement === null) return [];
  const { placement, added } = withPluggedIn(entry.placement, qemu, call);
  const warnings = await enforce(qemu.name, { qemu, placement, tools: call });
  if (added.length === 0) return warnings;
  return [
    `vCPU ${added.join(', ')} of ${qemu.name} came without CPUs of their own: they share ${cpusOfPins(entry.placement).toString()} with its other vCPUs until it is stopped and started again.`,
    ...warnings,
  ];
}

/** The guest's entry, bound to the process that runs now. */
async function takeOver(call: DriverCall, qemu: QemuProcess): Promise<LedgerEntry | null> {
  const unlock = await call.ledger.acquire();
  try {
    const { ledger } = call.ledger.read();
    const entry = ledger.entries.find(({ vm }) => vm === qemu.name);
    if (entry === undefined || entry.foreign !== null) return null;
    if (entry.process === qemu.process) return entry;
    const moved = { ...entry, process: qemu.process };
    call.ledger.write(withEntry(ledger, moved));
    return moved;
  } finally {
    unlock();
  }
}

function withPluggedIn(
  placement: Placement,
  qemu: QemuProcess,
  call: DriverCall,
): { readonly placement: Placement; readonly added: readonly number[] } {
  const all = cpusOfPins(placement).toString();
  const threads = readQemuThreads(call.node.files, qemu.pid).filter(({ role }) => role === 'vcpu');
  const there = threads.flatMap(({ index }) => (index === null ? [] : [index]));
  const added = there.filter(index => placement.pins[index] === undefined);
  const pins = Object.fromEntries(there.map(index => [index, placement.pins[index] ?? all]));
  return { placement: { ...placement, pins }, added };
}
