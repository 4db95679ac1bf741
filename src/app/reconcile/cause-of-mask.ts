import type { DriftCause } from '../../domain/drift.ts';
import type { CpuSet } from '../../domain/cpu-set.ts';
import type { Observed, SeenGuest, SeenThread } from './observed.ts';

/**
 * QEMU begins its threads within this many clock ticks (USER_HZ, 100 a second) after itself; under emulation that takes
 * seconds. Chosen: a thread that is younger by more was plugged in or made by need.
 */
const LATE_TICKS = 3000;

/** libvirt's cgroup of one vCPU, of one iothread or of the emulator threads (cgroup v1 and v2 alike). */
const OWN_GROUP = /\/(vcpu\d+|iothread\d+|emulator)$/;

/**
 * Why a thread's mask is not what was decided, from what holds the thread. In this order:
 *
 * 1. A decided CPU was offline when it was looked at before: the kernel took the mask away and nobody gave it back.
 * 2. The thread's cpuset, its own or one above it, no longer holds all decided CPUs: fewer of them, more, or others.
 * 3. A thread with the whole cpuset as its mask that began long after its process: it was never pinned.
 * 4. A mask that leaves out some of what its cpuset allows: somebody set it.
 * 5. The mask is the whole of a cpuset that allows more: a hand, or a CPU that went off and came back; not to be told.
 */
export function causeOfMask(
  thread: SeenThread,
  wanted: CpuSet,
  at: { readonly guest: SeenGuest; readonly seen: Observed },
): DriftCause {
  const { cpuset, allowed } = thread;
  if (wanted.intersects(at.seen.offlineBefore)) return 'cpu-back-online';
  if (cpuset === null) return 'unknown';
  const changed = causeOfCpuset(thread, wanted);
  if (changed !== null && changed !== 'cpuset-widened') return changed;
  if (cpuset.effective !== null && !wanted.isSubsetOf(cpuset.effective)) return 'cpuset-narrowed';
  const isWhole = cpuset.effective?.equals(allowed) === true;
  if (isWhole && isLate(thread, at.guest)) return 'new-thread';
  if (changed === 'cpuset-widened' && !allowed.isSubsetOf(wanted)) return changed;
  return isWhole ? 'unknown' : 'pinned-by-hand';
}

/** What became of the cpuset that is the thread's own (libvirt's); null when it is as decided, or the thread has none. */
export function causeOfCpuset({ cpuset }: SeenThread, wanted: CpuSet): DriftCause | null {
  if (cpuset === null || !OWN_GROUP.test(cpuset.group)) return null;
  if (cpuset.asked === null) return 'cpuset-widened';
  if (cpuset.asked.equals(wanted)) return null;
  if (wanted.isSubsetOf(cpuset.asked)) return 'cpuset-widened';
  return cpuset.asked.isSubsetOf(wanted) ? 'cpuset-narrowed' : 'cpuset-changed';
}

function isLate(thread: SeenThread, guest: SeenGuest): boolean {
  if (thread.startTicks === null || guest.startTicks === null) return false;
  return thread.startTicks - guest.startTicks > LATE_TICKS;
}
