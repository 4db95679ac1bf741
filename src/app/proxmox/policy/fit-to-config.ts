import { AppError, EXIT } from '../../../domain/app-error.ts';
import { CpuSet } from '../../../domain/cpu-set.ts';
import type { GuestSpec } from '../../../domain/guest-spec.ts';
import type { PlacementRequest } from '../../../domain/placement-request.ts';
import { readRequest } from '../../../engine/request/read-request.ts';
import type { GuestConfig } from '../../../formats/proxmox/guest-config.ts';
import { describeCells, type ConfigCell } from './config-cells.ts';

/** What a start makes of a configuration, beside the request. */
export interface StartShape {
  readonly config: GuestConfig;
  readonly cells: readonly ConfigCell[];
  /** null: base pages. */
  readonly pageKiB: number | null;
}

/** The request as the configuration carries it; `unmet` is what it asks for that the start will not give. */
export interface FittedRequest {
  readonly request: PlacementRequest;
  /** The first thing, one sentence; null when all is given. */
  readonly unmet: AppError | null;
}

type Options = Readonly<Record<string, string>>;

/**
 * Fits a request to what QEMU gets from the configuration, which was read before any hook runs: guest cells, page size and
 * topology are the configuration's. Where the request is silent it follows them; where it asks for others, `unmet` names
 * them. Options that contradict each other are left for the engine to tell.
 */
export function fitToConfig(request: PlacementRequest, shape: StartShape): FittedRequest {
  const read = readRequest(request);
  if (!read.ok) return { request, unmet: null };
  const { spec } = read;
  const given = { ...request.extraSpecs, ...request.imageProperties };
  const asksForCells = Object.keys(given).some(isCellOption);
  const other = asksForCells ? otherCells(spec, shape) : null;
  const keepsCells = asksForCells && other === null;
  const specs = without(request.extraSpecs ?? {}, key => !keepsCells && isCellOption(key));
  const extraSpecs = {
    ...(keepsCells ? specs : withCells(specs, spec, shape)),
    ...pageOption(spec, shape),
  };
  const drops = (key: string) =>
    (key === 'hw_mem_page_size' && 'hw:mem_page_size' in extraSpecs) || (!keepsCells && isCellOption(key));
  return {
    request: { ...request, extraSpecs, imageProperties: without(request.imageProperties ?? {}, drops) },
    unmet: other ?? unboundCells(spec, shape) ?? pagesUnmet(spec, shape) ?? topologyUnmet(spec, shape),
  };
}

function isCellOption(key: string): boolean {
  return /^hw[:_]numa_/.test(key);
}

function without(options: Options, drops: (key: string) => boolean): Options {
  return Object.fromEntries(Object.entries(options).filter(([key]) => !drops(key)));
}

/** The part of each cell that holds vCPUs which are placed. */
function placedCells(spec: GuestSpec, cells: readonly ConfigCell[]): readonly ConfigCell[] {
  const placed = CpuSet.range(0, spec.vcpus - 1);
  return cells.map(cell => ({ ...cell, vcpus: cell.vcpus.intersect(placed) }));
}

/** What is wrong when the request asks for other cells than the configuration shows. */
function otherCells(spec: GuestSpec, { cells }: StartShape): AppError | null {
  const shown = placedCells(spec, cells);
  const same =
    spec.cells.length === shown.length &&
    spec.cells.every(
      (cell, index) => cell.vcpus.equals(shown[index]!.vcpus) && cell.memoryMiB === shown[index]!.memoryMiB,
    );
  if (same) return null;
  const { vm } = spec;
  return attachFirst(
    vm,
    `VM ${vm} is to have ${describeCells(spec.cells)}, but its config shows it ${describeCells(shown)}`,
  );
}

function unboundCells({ vm }: GuestSpec, { config, cells }: StartShape): AppError | null {
  if (cells.length === 1 || cells.every(({ hostCells }) => hostCells !== null)) return null;
  const where = config.cells.length === 0 ? 'numa without numaN' : 'a numaN without hostnodes';
  return attachFirst(
    vm,
    `The config of VM ${vm} shows its guest ${cells.length} cells and does not say on which host cells their memory lies (${where})`,
  );
}

/** Guest cells of the configuration as options; automatic cells are decided by `attach`, not by a start. */
function withCells(given: Options, spec: GuestSpec, { cells }: StartShape): Options {
  const rest = without(given, key => key === 'pinfold:auto_numa');
  if (cells.length === 1) return spec.autoCells ? { ...rest, 'hw:numa_nodes': '1' } : rest;
  const lists: Record<string, string> = { 'hw:numa_nodes': String(cells.length) };
  placedCells(spec, cells).forEach(({ vcpus, memoryMiB }, index) => {
    lists[`hw:numa_cpus.${index}`] = vcpus.toString();
    lists[`hw:numa_mem.${index}`] = String(memoryMiB);
  });
  return { ...rest, ...lists };
}

/** Nova's names for pages of the base size. */
const BASE_KIB = 4;

function pagesUnmet(spec: GuestSpec, { pageKiB }: StartShape): AppError | null {
  const { pageSize, vm } = spec;
  if (pageSize === null || pageSize === 'any') return null;
  const wantsBase = pageSize === 'small' || pageSize === BASE_KIB;
  if (pageSize === 'large' ? pageKiB !== null : wantsBase ? pageKiB === null : pageSize === pageKiB)
    return null;
  const wanted = wantsBase ? 'base pages' : pageSize === 'large' ? 'huge pages' : `pages of ${pageSize} KiB`;
  const given = pageKiB === null ? 'base pages' : `pages of ${pageKiB} KiB (hugepages)`;
  return attachFirst(
    vm,
    `VM ${vm} is to have ${wanted} (hw:mem_page_size), but its config gives it ${given}`,
  );
}

function pageOption(spec: GuestSpec, { pageKiB }: StartShape): Options {
  if (pageKiB !== null) return { 'hw:mem_page_size': String(pageKiB) };
  return spec.pageSize === null ? {} : { 'hw:mem_page_size': 'small' };
}

/** What of a wished topology the configuration does not have; null: nothing. */
export function topologyUnmet(spec: GuestSpec, { config }: Pick<StartShape, 'config'>): AppError | null {
  for (const part of ['sockets', 'cores'] as const) {
    const wanted = spec.topology.preferred[part];
    const limit = spec.topology.maximum[part];
    const has = config[part];
    if (wanted !== null && wanted !== has)
      return carrierCannot(
        `hw:cpu_${part}=${wanted} cannot be had: QEMU gets its topology from the config of VM ${spec.vm}, which says "${part}: ${has}"; set one of the two right.`,
      );
    if (limit !== null && has > limit)
      return carrierCannot(
        `hw:cpu_max_${part}=${limit} cannot be kept: the config of VM ${spec.vm} says "${part}: ${has}"; lower that.`,
      );
  }
  return null;
}

function attachFirst(vm: string, what: string): AppError {
  return new AppError(
    'config-differs',
    EXIT.usage,
    `${what}: run "pinfold attach ${vm}" while the VM is stopped.`,
  );
}

function carrierCannot(sentence: string): AppError {
  return new AppError('carrier-cannot', EXIT.refused, sentence);
}
