import { counted } from '../../domain/counted.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { GuestCell } from '../../domain/guest-spec.ts';
import { CELL_OPTIONS_READ } from '../../domain/option-names.ts';
import { amountOption, cpuSetOption, shown, wholeNumber } from './option-values.ts';
import { RequestFault } from './request-fault.ts';
import type { RequestOptions } from './request-options.ts';

/** The numbered lists of one source, each read from 0 up to its first gap; null when `.0` is absent. */
export interface CellLists {
  readonly cpus: readonly CpuSet[] | null;
  readonly memoryMiB: readonly number[] | null;
}

/** Reads `…numa_cpus.N` and `…numa_mem.N` of one source. */
export function cellLists(values: Readonly<Record<string, string>>, prefix: 'hw:' | 'hw_'): CellLists {
  return {
    cpus: numbered(values, `${prefix}numa_cpus`, cpuSetOption),
    memoryMiB: numbered(values, `${prefix}numa_mem`, (option, value) =>
      amountOption(option, value, { code: 'numa-memory-invalid', what: 'size in MiB' }),
    ),
  };
}

function numbered<Value>(
  values: Readonly<Record<string, string>>,
  name: string,
  read: (option: string, value: string) => Value,
): readonly Value[] | null {
  const list: Value[] = [];
  for (let cell = 0; cell < CELL_OPTIONS_READ; cell += 1) {
    const option = `${name}.${cell}`;
    const value = values[option];
    if (value === undefined) break;
    list.push(read(option, value));
  }
  return list.length === 0 ? null : list;
}

/** `hw:numa_nodes` or `hw_numa_nodes`, which must not both be set; null when neither is. */
export function cellCount({ extra, image }: RequestOptions): number | null {
  const operator = extra['hw:numa_nodes'] ?? '';
  const tenant = image['hw_numa_nodes'];
  if (operator !== '' && tenant !== undefined)
    throw new RequestFault(
      'numa-conflict',
      'hw_numa_nodes',
      `${shown('hw_numa_nodes', tenant)} cannot stand beside ${shown('hw:numa_nodes', operator)}: only one of extra specs and image properties may say the number of cells.`,
    );
  const option = operator !== '' ? 'hw:numa_nodes' : 'hw_numa_nodes';
  const value = operator !== '' ? operator : tenant;
  if (value === undefined) return null;
  const count = wholeNumber(value);
  if (count !== undefined && count >= 1) return count;
  throw new RequestFault(
    'numa-nodes-invalid',
    option,
    `${shown(option, value)} is no number of guest cells: write a whole number from 1 on.`,
  );
}

/**
 * The guest's cells: an even split into `count`, or as the lists say. `dedicated` are the vCPUs with a CPU of
 * their own. vCPUs are dealt in consecutive blocks; a listed cell may have no vCPUs or no memory.
 */
export function guestCells(options: RequestOptions, count: number, dedicated: CpuSet): readonly GuestCell[] {
  const lists = options.listsCells ? chosenLists(options) : null;
  if (lists === null || (lists.cpus === null && lists.memoryMiB === null))
    return evenCells(options, count, dedicated);
  const [named, sized] = [lists.cpus?.length ?? 0, lists.memoryMiB?.length ?? 0];
  if (named !== count || sized !== count)
    throw new RequestFault(
      'numa-lists-incomplete',
      named === count ? lists.memoryOption : lists.cpusOption,
      `The number of cells is ${count} (${countOption(options)}), but ${lists.cpusOption}.N lists ${named} and ${lists.memoryOption}.N lists ${sized} of them from 0 on without a gap: give both for each cell or neither.`,
    );
  checkVcpus(options, lists.cpus!, lists.cpusOption);
  checkMemory(options, lists.memoryMiB!, lists.memoryOption);
  return lists.cpus!.map((set, id) => ({
    id,
    vcpus: set,
    dedicated: set.intersect(dedicated),
    memoryMiB: lists.memoryMiB![id]!,
  }));
}

function countOption({ extra, image }: RequestOptions): string {
  if ((extra['hw:numa_nodes'] ?? '') === '' && image['hw_numa_nodes'] !== undefined) return 'hw_numa_nodes';
  return 'hw:numa_nodes';
}

function chosenLists({ extra, image }: RequestOptions) {
  const operator = cellLists(extra, 'hw:');
  const tenant = cellLists(image, 'hw_');
  for (const [part, name] of [
    ['cpus', 'numa_cpus'],
    ['memoryMiB', 'numa_mem'],
  ] as const) {
    if (operator[part] !== null && tenant[part] !== null)
      throw new RequestFault(
        'numa-conflict',
        `hw_${name}.0`,
        `hw_${name}.0 cannot stand beside hw:${name}.0: only one of extra specs and image properties may list the cells.`,
      );
  }
  return {
    cpus: operator.cpus ?? tenant.cpus,
    cpusOption: operator.cpus === null && tenant.cpus !== null ? 'hw_numa_cpus' : 'hw:numa_cpus',
    memoryMiB: operator.memoryMiB ?? tenant.memoryMiB,
    memoryOption: operator.memoryMiB === null && tenant.memoryMiB !== null ? 'hw_numa_mem' : 'hw:numa_mem',
  };
}

function evenCells(options: RequestOptions, count: number, dedicated: CpuSet): readonly GuestCell[] {
  const { vcpus, memoryMiB } = options;
  if (vcpus % count !== 0 || memoryMiB % count !== 0)
    throw new RequestFault(
      'numa-split-uneven',
      countOption(options),
      `${counted(vcpus, 'vCPU')} and ${memoryMiB} MiB cannot be split evenly into ${counted(count, 'cell')} (${countOption(options)}): choose another number or list the cells with hw:numa_cpus.N and hw:numa_mem.N.`,
    );
  const each = vcpus / count;
  return Array.from({ length: count }, (_, id) => {
    const block = CpuSet.range(id * each, (id + 1) * each - 1);
    return { id, vcpus: block, dedicated: block.intersect(dedicated), memoryMiB: memoryMiB / count };
  });
}

function checkVcpus({ vcpus }: RequestOptions, cpus: readonly CpuSet[], name: string): void {
  let given = CpuSet.EMPTY;
  for (const [cell, set] of cpus.entries()) {
    const option = `${name}.${cell}`;
    if (set.highest >= vcpus)
      throw new RequestFault(
        'numa-vcpu-out-of-range',
        option,
        `${shown(option, set.toString())} names vCPU ${set.highest}, but the guest has only 0-${vcpus - 1}.`,
      );
    if (set.intersects(given))
      throw new RequestFault(
        'numa-vcpu-twice',
        option,
        `${shown(option, set.toString())} names vCPUs that an earlier cell has already (${set.intersect(given).toString()}): put each vCPU into one cell.`,
      );
    given = given.union(set);
  }
  if (given.size < vcpus)
    throw new RequestFault(
      'numa-vcpu-unassigned',
      `${name}.0`,
      `The cells of ${name}.N leave out the vCPUs ${CpuSet.range(0, vcpus - 1)
        .minus(given)
        .toString()}: put each vCPU into one cell.`,
    );
}

function checkMemory({ memoryMiB }: RequestOptions, sizes: readonly number[], name: string): void {
  const sum = sizes.reduce((total, size) => total + size, 0);
  if (sum !== memoryMiB)
    throw new RequestFault(
      'numa-memory-mismatch',
      `${name}.0`,
      `The cells of ${name}.N have ${sum} MiB together, but the guest has ${memoryMiB} MiB: make the sum equal.`,
    );
}
