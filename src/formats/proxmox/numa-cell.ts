import { CpuSet } from '../../domain/cpu-set.ts';
import { parseProperties } from './property-string.ts';

/** One `numaN` of a configuration. */
export interface NumaCell {
  readonly guestCell: number;
  readonly vcpus: CpuSet;
  /** null: not said, which a start refuses. */
  readonly memoryMiB: number | null;
  /** The host cells that its memory comes from; null: none given. */
  readonly hostCells: CpuSet | null;
  readonly policy: NumaPolicy | null;
}

/** How QEMU asks the kernel for the memory of a cell. */
export const NUMA_POLICIES = ['preferred', 'bind', 'interleave'] as const;
export type NumaPolicy = (typeof NUMA_POLICIES)[number];

/** qemu-server Memory.pm: `numa0` to `numa7`. */
export const MAX_GUEST_CELLS = 8;

const NUMBERS = /^\d{1,5}(-\d{1,5})?(;\d{1,5}(-\d{1,5})?)*$/;
const KEYS = ['cpus', 'memory', 'hostnodes', 'policy'];

/** The value of `numaN`, or the words in which the node's parser refuses it. */
export function parseNumaCell(guestCell: number, value: string): NumaCell | string {
  const parts = parseProperties(value, 'cpus');
  if (parts === null) return 'invalid format - format error';
  const stray = [...parts.keys()].find(key => !KEYS.includes(key));
  const fault = (key: string, what: string) =>
    `invalid format - format error\nnuma${guestCell}.${key}: ${what}`;
  if (stray !== undefined)
    return fault(
      stray,
      'property is not defined in schema and the schema does not allow additional properties',
    );
  const vcpus = numbers(parts.get('cpus'));
  if (vcpus === null)
    return fault(
      'cpus',
      parts.has('cpus')
        ? 'value does not match the regex pattern'
        : 'property is missing and it is not optional',
    );
  const hostCells = parts.has('hostnodes') ? numbers(parts.get('hostnodes')) : undefined;
  if (hostCells === null) return fault('hostnodes', 'value does not match the regex pattern');
  const memory = parts.get('memory');
  if (memory !== undefined && !/^\d{1,15}(\.\d+)?$/.test(memory))
    return fault('memory', `type check ('number') failed - got '${memory}'`);
  const policy = parts.get('policy');
  if (policy !== undefined && !isPolicy(policy))
    return fault(
      'policy',
      `value '${policy}' does not have a value in the enumeration '${NUMA_POLICIES.join(', ')}'`,
    );
  return {
    guestCell,
    vcpus,
    memoryMiB: memory === undefined ? null : Number(memory),
    hostCells: hostCells ?? null,
    policy: policy ?? null,
  };
}

/** The value of `numaN` for a cell, in the order in which Proxmox VE writes its parts. */
export function printNumaCell(cell: NumaCell): string {
  const parts = [
    `cpus=${numaList(cell.vcpus)}`,
    ...(cell.hostCells === null ? [] : [`hostnodes=${numaList(cell.hostCells)}`]),
    ...(cell.memoryMiB === null ? [] : [`memory=${cell.memoryMiB}`]),
    ...(cell.policy === null ? [] : [`policy=${cell.policy}`]),
  ];
  return parts.join(',');
}

function numaList(set: CpuSet): string {
  return set.toString().replaceAll(',', ';');
}

function isPolicy(text: string): text is NumaPolicy {
  return (NUMA_POLICIES as readonly string[]).includes(text);
}

/** The numbers of a list such as `0-3;8`; null when it is none. */
function numbers(text: string | undefined): CpuSet | null {
  if (text === undefined || !NUMBERS.test(text)) return null;
  const sets = text.split(';').map(part => {
    const [first, last] = part.split('-').map(Number);
    return CpuSet.range(first!, last ?? first!);
  });
  return sets.some(set => set.isEmpty) ? null : CpuSet.union(sets);
}
