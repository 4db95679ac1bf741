import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { parseCpuSpec } from '../../domain/cpu-spec.ts';
import type { Claim } from '../../domain/claim.ts';
import type { Placement } from '../../domain/decision.ts';
import type { GuestSpec } from '../../domain/guest-spec.ts';
import type { Host } from '../../domain/host.ts';
import type { Cell } from '../../domain/host-topology.ts';

/** A placement to be checked against its host, its guest, and the claim that was made of it. */
export interface CheckInput {
  readonly host: Host;
  readonly spec: GuestSpec;
  readonly placement: Placement;
  readonly claim: Claim;
  /**
   * Set for a guest that runs already, whose floating threads follow what others hold. `settled`: its vCPUs float over all that
   * they may; emulator threads that share may have given up some. `moving`, in the middle of a plan: both may be on a part of it.
   * The set that QEMU started with says nothing any more.
   */
  readonly running?: 'settled' | 'moving';
}

/** What the rules look at; those that do not hold are added to `broken`, one sentence each. */
export interface Facts extends CheckInput {
  readonly online: CpuSet;
  readonly dedicatedSet: CpuSet;
  readonly sharedSet: CpuSet;
  readonly emulatorPin: CpuSet;
  readonly emulatorShared: CpuSet | null;
  readonly taken: CpuSet;
  readonly ratio: number;
  readonly cellById: ReadonlyMap<number, Cell>;
  /** vCPUs that get a CPU of their own. */
  readonly dedicatedVcpus: CpuSet;
  /** CPU of each dedicated vCPU. */
  readonly pinOf: ReadonlyMap<number, number>;
  /** CPUs that threads of the guest have for themselves. */
  readonly single: CpuSet;
  /** Every CPU that the guest takes for itself, kept idle or not. */
  readonly own: CpuSet;
  readonly broken: string[];
}

/** Reads a placement and its host for the rules. */
export function gatherFacts(input: CheckInput): Facts {
  const { host, spec, placement } = input;
  const policy = host.policy;
  const online = parseCpuList(host.topology.cpus.online);
  const isolated = parseCpuList(host.topology.cpus.isolated ?? '');
  const read = (text: string | undefined) => parseCpuSpec(text ?? '').intersect(online);
  const emulatorPin = read(policy.emulator_pin_set);
  const split = read(policy.cpu_dedicated_set).size + read(policy.cpu_shared_set).size > 0;
  const pinSet = read(policy.vcpu_pin_set);
  const dedicatedSet = pinSet.size > 0 ? pinSet : split ? read(policy.cpu_dedicated_set) : online;
  const sharedSet = pinSet.size > 0 ? pinSet : split ? read(policy.cpu_shared_set) : online;
  const dedicatedVcpus =
    spec.cpuPolicy === 'dedicated'
      ? CpuSet.range(0, spec.vcpus - 1)
      : spec.cpuPolicy === 'mixed'
        ? CpuSet.union(spec.cells.map(cell => cell.dedicated))
        : CpuSet.EMPTY;
  const pinOf = new Map<number, number>();
  for (const vcpu of dedicatedVcpus) pinOf.set(vcpu, parseCpuList(placement.pins[vcpu] ?? '').first ?? -1);
  const coresOf = (cpus: CpuSet) =>
    CpuSet.union(
      host.topology.cells
        .flatMap(cell => cell.cores)
        .map(parseCpuList)
        .filter(core => core.intersects(cpus)),
    );
  const extra = CpuSet.union([
    placement.emulator.policy === 'isolate' ? parseCpuList(placement.emulator.cpus) : CpuSet.EMPTY,
    ...(spec.iothreadPolicy === 'isolate' ? Object.values(placement.iothreads).map(parseCpuList) : []),
  ]);
  const single = CpuSet.of([...pinOf.values()].filter(cpu => cpu >= 0)).union(extra);
  return {
    ...input,
    online,
    dedicatedSet: dedicatedSet.minus(emulatorPin),
    sharedSet: sharedSet.minus(emulatorPin).minus(isolated),
    emulatorPin,
    emulatorShared:
      policy.cpu_shared_set === undefined || policy.cpu_shared_set === ''
        ? null
        : read(policy.cpu_shared_set).minus(emulatorPin).minus(isolated),
    taken: CpuSet.union(
      host.claims.flatMap(claimed => [
        ...claimed.cells.map(cell => parseCpuList(cell.pcpus)),
        claimed.emulator?.policy === 'isolate' ? parseCpuList(claimed.emulator.cpus) : CpuSet.EMPTY,
      ]),
    ),
    ratio: policy.emulator_overcommit_ratio ?? 1,
    cellById: new Map(host.topology.cells.map(cell => [cell.id, cell])),
    dedicatedVcpus,
    pinOf,
    single,
    own: spec.threadPolicy === 'isolate' ? single.union(coresOf(single.minus(emulatorPin))) : single,
    broken: [],
  };
}

/** Notes a rule that does not hold. */
export function must(facts: Facts, holds: boolean, rule: string): void {
  if (!holds) facts.broken.push(rule);
}

/** The CPUs of these vCPUs together. */
export function pinnedOf({ placement }: Facts, vcpus: CpuSet): CpuSet {
  return CpuSet.union([...vcpus].map(vcpu => parseCpuList(placement.pins[vcpu] ?? '')));
}

/** All of them together; 0 of none. */
export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, value) => total + value, 0);
}
