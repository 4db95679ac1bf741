import { parseCpuList } from '../domain/cpu-list.ts';
import type { Placement } from '../domain/decision.ts';
import type { LedgerEntry } from '../domain/ledger.ts';
import { readQemuProcesses, type QemuProcess } from '../formats/proc/qemu-processes.ts';
import { readQemuThreads } from '../formats/proc/qemu-threads.ts';
import { confirmed } from './collect-garbage.ts';
import { describeMisplaced, misplacedThreads, type Misplaced } from './misplaced-threads.ts';
import type { DomainPort, LedgerStore, NodePort } from './ports.ts';
import { withEntry } from './prepare-start.ts';

/** What a confirmation works with. */
export interface ConfirmTools {
  readonly node: NodePort;
  readonly ledger: LedgerStore;
  readonly domains: DomainPort;
}

/**
 * Makes sure that a launched guest is where the decision put it, and answers with what is not, one sentence each:
 *
 * 1. Find its QEMU in /proc.
 * 2. Compare each vCPU, iothread and emulator thread's mask with the decision. The emulator threads' set for the
 *    launch may be wider than the final one; what differs is set through libvirt, once, and looked at again.
 * 3. Under the lock: the lease becomes the claim of that process.
 */
export async function confirmStart(entry: LedgerEntry, tools: ConfirmTools): Promise<readonly string[]> {
  const qemu = readQemuProcesses(tools.node.files).find(({ name }) => name === entry.vm);
  if (qemu === undefined)
    return [
      `No QEMU process of ${entry.vm} was found after its launch, so its pins could not be checked: run "pinfold reconcile" when it is up.`,
    ];
  const placement = entry.placement;
  const warnings = placement === null ? [] : await enforce(entry.vm, { qemu, placement, tools });
  const unlock = await tools.ledger.acquire();
  try {
    const { ledger, warning } = tools.ledger.read();
    tools.ledger.write(withEntry(ledger, confirmed(entry, qemu.process)));
    return warning === null ? warnings : [...warnings, warning];
  } finally {
    unlock();
  }
}

/**
 * How long repairs may take in all: a pin takes some 30 ms, but a libvirtd that hangs answers each only after its own time
 * limit, and the driver waits for the end of the start.
 */
const REPAIR_MS = 30_000;

/** Repairs what is not where it was decided, and says what stays so. */
export async function enforce(
  vm: string,
  at: {
    readonly qemu: QemuProcess;
    readonly placement: Placement;
    readonly tools: Omit<ConfirmTools, 'ledger'>;
  },
): Promise<readonly string[]> {
  const look = () => misplacedThreads(readQemuThreads(at.tools.node.files, at.qemu.pid), at.placement);
  const before = look();
  if (before.length === 0) return [];
  const answers: string[] = [];
  const until = Date.now() + REPAIR_MS;
  for (const misplaced of before) {
    if (Date.now() >= until) break;
    const answer = await repair(vm, misplaced, at.tools.domains);
    if (answer !== null) answers.push(answer);
  }
  const after = look();
  const widened = at.placement.emulator.atStart !== at.placement.emulator.cpus;
  const repaired = before.filter(
    one => !after.some(other => other.role === one.role && other.index === one.index),
  );
  const surprising = repaired.filter(({ role }) => role !== 'emulator' || !widened);
  return [
    ...(surprising.length === 0
      ? []
      : [
          `Threads of ${vm} were not where they were decided and have been pinned again: ${list(surprising)}.`,
        ]),
    ...(after.length === 0
      ? []
      : [
          `Threads of ${vm} are not where they were decided: ${list(after)}${answers.length === 0 ? '' : ` (libvirt said: ${answers[0]!})`}; run "pinfold reconcile".`,
        ]),
  ];
}

function repair(vm: string, misplaced: Misplaced, domains: DomainPort): Promise<string | null> {
  const cpus = misplaced.wanted.toString();
  if (misplaced.role === 'emulator') return domains.pinEmulator(vm, cpus);
  if (misplaced.actual === null || misplaced.index === null) return Promise.resolve(null);
  return misplaced.role === 'vcpu'
    ? domains.pinVcpu(vm, misplaced.index, cpus)
    : domains.pinIothread(vm, misplaced.index, cpus);
}

function list(misplaced: readonly Misplaced[]): string {
  return misplaced.map(describeMisplaced).join(', ');
}

/** Every CPU that a placement lets any of the guest's vCPUs run on. */
export function cpusOfPins(placement: Placement): ReturnType<typeof parseCpuList> {
  return parseCpuList(
    Object.values(placement.pins)
      .filter(cpus => cpus !== '')
      .join(','),
  );
}
