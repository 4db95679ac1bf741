import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { Placement } from '../../domain/decision.ts';
import type { DriftCode } from '../../domain/drift.ts';
import type { LedgerEntry } from '../../domain/ledger.ts';
import { isWithheld } from '../withheld-threads.ts';
import { causeOfCpuset, causeOfMask } from './cause-of-mask.ts';
import type { Finding, Remedy } from './finding.ts';
import type { Observed, SeenGuest, SeenThread } from './observed.ts';
import { heldCpus, isOwnCpu, sameCpus } from './wanted-placement.ts';

/** A guest of Pinfold's that runs, and where it belongs now. */
export interface PlacedGuest {
  readonly guest: SeenGuest;
  readonly entry: LedgerEntry & { readonly placement: Placement };
  readonly wanted: Placement;
}

/** What one thread, or the emulator threads as one, is compared with. */
interface Target {
  readonly code: 'vcpu-astray' | 'emulator-astray' | 'iothread-astray';
  readonly subject: string;
  readonly wanted: CpuSet;
  readonly threads: readonly SeenThread[];
  readonly isThere: (thread: SeenThread) => boolean;
  readonly remedy: Remedy;
}

/**
 * Threads of one guest that are not where they belong:
 *
 * 1. When the guest's floating sets have to follow what others hold, that is one finding; its threads count as right where
 *    they were decided to be before, too.
 * 2. A vCPU that has no decision was plugged in.
 * 3. A vCPU's and an iothread's mask must be its CPUs as far as they are online; an emulator thread's must lie within its
 *    (QEMU narrows its memory threads by itself). None of them online: the thread needs others.
 * 4. Where the mask is right, the cpuset that is the thread's own must be right, too. A set that follows others gets its cpuset
 *    with that.
 */
export function findThreads(placed: PlacedGuest, seen: Observed): readonly Finding[] {
  const { guest, entry } = placed;
  const online = parseCpuList(seen.host.topology.cpus.online);
  const refloat = findRefloat(placed, seen);
  const before = entry.placement;
  const vcpus = guest.threads.filter(({ role, index }) => role === 'vcpu' && index !== null);
  const plugged = vcpus.filter(({ index }) => before.pins[index!] === undefined);
  const targets = targetsOf(placed, online);
  return [
    ...refloat,
    ...plugged.map(thread => pluggedIn(placed, thread)),
    ...targets.flatMap(target =>
      findOne(target, placed, { seen, online, moved: refloat.length > 0 && isMoved(target, before) }),
    ),
  ];
}

function targetsOf({ guest, entry, wanted }: PlacedGuest, online: CpuSet): Target[] {
  const of = (role: SeenThread['role']) => guest.threads.filter(thread => thread.role === role);
  const numbered = (role: 'vcpu' | 'iothread', pins: Readonly<Record<string, string>>) =>
    of(role).flatMap((thread): Target[] => {
      const { index } = thread;
      const cpus =
        index === null
          ? undefined
          : (pins[index] ?? (role === 'iothread' ? wanted.emulator.cpus : undefined));
      if (index === null || cpus === undefined) return [];
      return [
        {
          code: role === 'vcpu' ? 'vcpu-astray' : 'iothread-astray',
          subject: `${role === 'vcpu' ? 'vCPU' : 'iothread'} ${index}`,
          wanted: parseCpuList(cpus),
          threads: [thread],
          isThere: ({ allowed }) => sameCpus(allowed.toString(), cpus, online),
          remedy: { kind: 'pin', role, index, cpus },
        },
      ];
    });
  const { cpus } = wanted.emulator;
  const vcpus = of('vcpu').map(({ cpuset }) => cpuset);
  const emulator: Target = {
    code: 'emulator-astray',
    subject: 'emulator threads',
    wanted: parseCpuList(cpus),
    threads: of('emulator').filter(({ cpuset }) => !isWithheld(parseCpuList(cpus), cpuset, vcpus)),
    isThere: ({ allowed }) => allowed.isSubsetOf(parseCpuList(cpus)),
    remedy: { kind: 'pin', role: 'emulator', cpus },
  };
  return [...numbered('vcpu', wanted.pins), ...numbered('iothread', wanted.iothreads), emulator].filter(
    () => entry.process !== null,
  );
}

function findOne(
  target: Target,
  { guest, entry }: PlacedGuest,
  at: { readonly seen: Observed; readonly online: CpuSet; readonly moved: boolean },
): Finding[] {
  const { wanted, threads, subject } = target;
  const found = (
    code: DriftCode,
    rest: Pick<Finding['drift'], 'cause' | 'actual'>,
    remedy: Remedy,
  ): Finding[] => [
    { drift: { code, vm: guest.vm, subject, wanted: wanted.toString(), ...rest }, guest, entry, remedy },
  ];
  const actual = CpuSet.union(threads.map(({ allowed }) => allowed)).toString();
  if (threads.length > 0 && !wanted.intersects(at.online))
    return found('cpu-offline', { cause: 'cpu-offline', actual }, remedyOffline(target, entry, at.online));
  const strays = threads.filter(thread => !target.isThere(thread));
  // Where the guest's sets follow others, its threads are moved with them.
  const surprising = at.moved ? strays.filter(thread => !wasThere(target, thread, entry)) : strays;
  const [first] = surprising;
  if (first !== undefined)
    return found(
      target.code,
      {
        cause: causeOfMask(first, wanted, { guest, seen: at.seen }),
        actual: CpuSet.union(surprising.map(({ allowed }) => allowed)).toString(),
      },
      target.remedy,
    );
  if (strays.length > 0) return [];
  const loose = threads
    .map(thread => ({ thread, cause: causeOfCpuset(thread, wanted) }))
    .find(({ cause }) => cause !== null);
  if (loose === undefined || at.moved) return [];
  const asked = loose.thread.cpuset?.asked?.toString() ?? 'every CPU';
  return found('cpuset-astray', { cause: loose.cause!, actual: asked }, target.remedy);
}

function cpusBefore({ remedy }: Target, placement: Placement): string | undefined {
  if (remedy.kind !== 'pin' || remedy.role === 'emulator') return placement.emulator.cpus;
  return (remedy.role === 'vcpu' ? placement.pins : placement.iothreads)[remedy.index];
}

/** Whether these threads get another set when the guest's sets follow what others hold. */
function isMoved(target: Target, placement: Placement): boolean {
  const before = cpusBefore(target, placement);
  return before !== undefined && !parseCpuList(before).equals(target.wanted);
}

function wasThere(target: Target, thread: SeenThread, { placement }: PlacedGuest['entry']): boolean {
  const before = cpusBefore(target, placement);
  return before !== undefined && thread.allowed.isSubsetOf(parseCpuList(before));
}

/** A dedicated vCPU gets another CPU; anything else runs on the guest's own CPUs until its own are back. */
function remedyOffline(target: Target, entry: PlacedGuest['entry'], online: CpuSet): Remedy {
  const { remedy, wanted } = target;
  const held = heldCpus(entry);
  if (remedy.kind === 'pin' && remedy.role === 'vcpu' && isOwnCpu(wanted, held))
    return { kind: 'decide-vcpu', vcpu: remedy.index, from: wanted.toString() };
  const rest = held.intersect(online);
  if (remedy.kind !== 'pin' || rest.isEmpty)
    return { kind: 'none', why: 'no CPU of the guest is online: bring one online, or stop the guest' };
  return target.threads.every(({ allowed }) => allowed.isSubsetOf(rest))
    ? { kind: 'none', why: 'it shares the CPUs of its guest until its own is online again' }
    : { ...remedy, cpus: rest.toString() };
}

function pluggedIn({ guest, entry }: PlacedGuest, thread: SeenThread): Finding {
  return {
    drift: {
      code: 'vcpu-plugged-in',
      cause: 'plugged-in',
      vm: guest.vm,
      subject: `vCPU ${thread.index!}`,
      wanted: '',
      actual: thread.allowed.toString(),
    },
    guest,
    entry,
    remedy: { kind: 'decide-vcpu', vcpu: thread.index!, from: null },
  };
}

function findRefloat({ guest, entry, wanted }: PlacedGuest, seen: Observed): Finding[] {
  const online = parseCpuList(seen.host.topology.cpus.online);
  const isSame = (now: string, before: string) =>
    sameCpus(now, before, online) &&
    (now === before || !isHeldByOthers(parseCpuList(before).minus(online), entry.vm, seen));
  const changed = Object.entries(wanted.pins).filter(
    ([vcpu, cpus]) => !isSame(cpus, entry.placement.pins[vcpu] ?? ''),
  );
  const emulator = !isSame(wanted.emulator.cpus, entry.placement.emulator.cpus);
  if (changed.length === 0 && !emulator) return [];
  const before = parseCpuList(
    changed.length > 0 ? (entry.placement.pins[changed[0]![0]] ?? '') : entry.placement.emulator.cpus,
  );
  const after = parseCpuList(changed.length > 0 ? changed[0]![1] : wanted.emulator.cpus);
  const lost = before.minus(after);
  const isTaken = lost.intersects(online) || isHeldByOthers(lost, entry.vm, seen);
  return [
    {
      drift: {
        code: 'shared-set-stale',
        cause: isTaken ? 'dedicated-came' : 'dedicated-left',
        vm: guest.vm,
        subject: changed.length > 0 ? 'floating vCPUs' : 'emulator threads',
        wanted: after.toString(),
        actual: before.toString(),
      },
      guest,
      entry,
      remedy: { kind: 'refloat', placement: wanted },
    },
  ];
}

/** Whether another guest holds one of these CPUs. The kernel gives one that comes back online to every cpuset that names it. */
function isHeldByOthers(cpus: CpuSet, vm: string, { host }: Observed): boolean {
  if (cpus.isEmpty) return false;
  return host.claims.some(claim => claim.vm !== vm && heldCpus({ claim }).intersects(cpus));
}
