import { clip, CpuSyntaxError, parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { parseCpuSpec } from '../../domain/cpu-spec.ts';
import type { RequestError } from '../../domain/decision.ts';
import type { Host } from '../../domain/host.ts';
import type { HostPolicy } from '../../domain/host-policy.ts';
import type { PolicyErrorCode } from '../../domain/request-error-codes.ts';
import { parseReservedPages } from './reserved-pages.ts';

const SETS = ['cpu_dedicated_set', 'cpu_shared_set', 'vcpu_pin_set', 'emulator_pin_set'] as const;
type SetName = (typeof SETS)[number];

/** Sets that share no CPU; where the pin set serves vCPUs, the shared set is only the emulator threads' pool. */
const DISJOINT: readonly (readonly [SetName, SetName])[] = [
  ['cpu_dedicated_set', 'cpu_shared_set'],
  ['emulator_pin_set', 'cpu_dedicated_set'],
  ['emulator_pin_set', 'cpu_shared_set'],
  ['emulator_pin_set', 'vcpu_pin_set'],
];

/**
 * What is wrong with a host's policy, in this order: sets that cannot be read or are empty once read, sets that
 * exclude each other, sets that overlap, CPUs that are not online, ratios, reservations, reserved pages. Empty
 * when the policy is sound. Codes: POLICY_ERROR_CODES. A reserved page of a cell or size that the host lacks is
 * no error: one policy serves many nodes.
 */
export function checkPolicy(host: Host): readonly RequestError[] {
  const { policy } = host;
  const faults: RequestError[] = [];
  const sets = new Map<SetName, CpuSet>();
  for (const name of SETS) readSet(name, policy[name] ?? '', sets, faults);
  checkSets(sets, faults);
  const online = parseCpuList(host.topology.cpus.online);
  for (const [name, set] of sets) {
    const offline = set.minus(online);
    if (!offline.isEmpty)
      faults.push(
        fault(
          'policy-cpus-offline',
          name,
          `${name} names the CPUs ${clip(offline.toString())}, which are not online (online are ${clip(host.topology.cpus.online)}): remove them or bring them online.`,
        ),
      );
  }
  checkNumbers(policy, faults);
  for (const entry of policy.reserved_huge_pages ?? []) {
    if (parseReservedPages(entry) === undefined)
      faults.push(
        fault(
          'policy-reserved-pages-invalid',
          'reserved_huge_pages',
          `reserved_huge_pages has "${clip(entry)}", which is not understood: write node:0,size:2048,count:64 (size in KiB or with a unit such as 2MB).`,
        ),
      );
  }
  return faults;
}

function readSet(name: SetName, text: string, sets: Map<SetName, CpuSet>, faults: RequestError[]): void {
  if (text === '') return;
  try {
    const set = parseCpuSpec(text);
    if (!set.isEmpty) sets.set(name, set);
    else
      faults.push(
        fault(
          'policy-cpu-set-empty',
          name,
          `${name}="${clip(text)}" names no CPU in the end: name at least one, or remove the key.`,
        ),
      );
  } catch (error) {
    if (!(error instanceof CpuSyntaxError)) throw error;
    faults.push(fault('policy-cpu-set-invalid', name, `${name} is no CPU set: ${error.message}`));
  }
}

function checkSets(sets: ReadonlyMap<SetName, CpuSet>, faults: RequestError[]): void {
  if (sets.has('vcpu_pin_set') && sets.has('cpu_dedicated_set'))
    faults.push(
      fault(
        'policy-sets-exclude-each-other',
        'vcpu_pin_set',
        'vcpu_pin_set and cpu_dedicated_set cannot stand together, because both say where pinned vCPUs go: remove vcpu_pin_set.',
      ),
    );
  for (const [one, other] of DISJOINT) {
    const both = (sets.get(one) ?? CpuSet.EMPTY).intersect(sets.get(other) ?? CpuSet.EMPTY);
    if (!both.isEmpty)
      faults.push(
        fault(
          'policy-sets-overlap',
          one,
          `${one} and ${other} both name the CPUs ${clip(both.toString())}: give each CPU to one of them.`,
        ),
      );
  }
}

function checkNumbers(policy: HostPolicy, faults: RequestError[]): void {
  const ratio = policy.emulator_overcommit_ratio;
  if (ratio !== undefined && !(Number.isFinite(ratio) && ratio >= 1))
    faults.push(
      fault(
        'policy-ratio-invalid',
        'emulator_overcommit_ratio',
        `emulator_overcommit_ratio=${ratio} must be a number from 1 on: 1 gives each guest its own emulator CPU, 8 lets eight share one.`,
      ),
    );
  for (const name of ['cpu_allocation_ratio', 'ram_allocation_ratio'] as const) {
    const value = policy[name];
    if (value !== undefined && !(Number.isFinite(value) && value > 0))
      faults.push(fault('policy-ratio-invalid', name, `${name}=${value} must be a number above 0.`));
  }
  for (const name of ['reserved_host_memory_mb', 'overhead_mb_per_guest'] as const) {
    const value = policy[name];
    if (value !== undefined && !(Number.isFinite(value) && value >= 0))
      faults.push(fault('policy-reservation-invalid', name, `${name}=${value} must be 0 or more MiB.`));
  }
}

function fault(code: PolicyErrorCode, option: string, summary: string): RequestError {
  return { code, option, summary };
}
