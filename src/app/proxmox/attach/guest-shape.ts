import { AppError, EXIT } from '../../../domain/app-error.ts';
import { CpuSet } from '../../../domain/cpu-set.ts';
import type { GuestCell, GuestSpec } from '../../../domain/guest-spec.ts';
import type { PlacementRequest } from '../../../domain/placement-request.ts';
import { splitGuest } from '../../../engine/auto-cells.ts';
import type { HostModel } from '../../../engine/host-model.ts';
import { placeSplit } from '../../../engine/decide.ts';
import { readRequest } from '../../../engine/request/read-request.ts';
import type { GuestConfig } from '../../../formats/proxmox/guest-config.ts';
import { configCells } from '../policy/config-cells.ts';

/** The cells that a guest is to see, each with all vCPUs that it may ever have. */
export type ShapeCells = readonly Pick<GuestCell, 'vcpus' | 'memoryMiB'>[];

/**
 * The guest cells that a request wants of this configuration; null: it says nothing of them, and what the configuration
 * shows stays. Automatic cells are as few as fit on this node now, or on an empty one.
 *
 * @throws AppError when the options contradict each other
 */
export function wishedCells(
  request: PlacementRequest,
  config: GuestConfig,
  models: readonly HostModel[],
): ShapeCells | null {
  const spec = specOf(request);
  const names = Object.keys({ ...request.extraSpecs, ...request.imageProperties });
  if (spec.autoCells) return configCells(config).length > 1 ? null : automaticCells(request, config, models);
  if (!names.some(name => /^hw[:_]numa_/.test(name))) return null;
  // A list of cells names the vCPUs that the guest starts with; an equal split is made of all.
  const all = readRequest({ ...request, vcpus: config.maxVcpus });
  return all.ok ? all.spec.cells : withRest(spec.cells, config.maxVcpus);
}

/** The request's options, or its error as one of ours. */
export function specOf(request: PlacementRequest): GuestSpec {
  const read = readRequest(request);
  if (read.ok) return read.spec;
  throw new AppError(read.error.code, EXIT.usage, read.error.summary);
}

function automaticCells(
  request: PlacementRequest,
  config: GuestConfig,
  models: readonly HostModel[],
): ShapeCells | null {
  const spec = specOf(request);
  for (const model of models) {
    const placed = placeSplit(model, spec);
    if (!placed.ok) continue;
    const count = placed.placed.guest.cells.length;
    const all = specOf({ ...request, vcpus: config.maxVcpus });
    return count === 1 ? null : splitGuest(all, count).cells;
  }
  return null;
}

function withRest(cells: ShapeCells, maxVcpus: number): ShapeCells {
  const listed = CpuSet.union(cells.map(({ vcpus }) => vcpus));
  const rest = CpuSet.range(0, maxVcpus - 1).minus(listed);
  return cells.map((cell, index) =>
    index === cells.length - 1 ? { ...cell, vcpus: cell.vcpus.union(rest) } : cell,
  );
}
