import type { Host } from '../../../domain/host.ts';
import type { GuestSpec } from '../../../domain/guest-spec.ts';
import type { PlacementRequest } from '../../../domain/placement-request.ts';
import { place, placeSplit } from '../../../engine/decide.ts';
import { buildHostModel, type HostModel } from '../../../engine/host-model.ts';
import type { GuestConfig } from '../../../formats/proxmox/guest-config.ts';
import { configCells } from '../policy/config-cells.ts';
import { fitToConfig } from '../policy/fit-to-config.ts';
import { specOf, wishedCells, type ShapeCells } from './guest-shape.ts';
import type { WantedShape } from './shape-keys.ts';
import { cannot, checkShape } from './shape-limits.ts';

/** The shape that a configuration is to carry. */
export interface ChosenShape {
  readonly shape: WantedShape;
  readonly warnings: readonly string[];
}

const GIB_IN_KIB = 1048576;
const ONE_DIGIT = 10;

/**
 * The shape for a guest on this host:
 *
 * 1. Cells: those that the request asks for, else those that the configuration shows.
 * 2. Huge pages: as asked for, else as the configuration has them.
 * 3. Host cells, where the configuration has to name them: those that it names already while the guest fits there, else
 *    the best now, else the best on an empty node, with a warning.
 *
 * `named` are the host cells that are named now.
 *
 * @throws AppError for what no start could do
 */
export function shapeFor(
  request: PlacementRequest,
  config: GuestConfig,
  { host, named }: { readonly host: Host; readonly named: GuestConfig['cells'] },
): ChosenShape {
  const claims = host.claims.filter(({ vm }) => vm !== request.vm);
  const models = [buildHostModel({ ...host, claims }), buildHostModel({ ...host, claims: [] })];
  const cells: ShapeCells = wishedCells(request, config, models) ?? configCells(config);
  const hugepages = hugepagesFor(specOf(request), { config, cells, host });
  const wanted: WantedShape = { cells, hostCells: null, hugepages };
  checkShape(request.vm, wanted, config);
  if (cells.length === 1 && hugepages === null) return { shape: wanted, warnings: [] };
  const asked = placedSpec(request, wanted, config);
  const old = named.map(({ hostCells }) => (hostCells?.size === 1 ? hostCells.first! : null));
  const kept = old.length === cells.length && old.every(cell => cell !== null) ? old : null;
  const found = chooseHostCells(asked, models, kept);
  const shape = { ...wanted, hostCells: found.hostCells };
  checkShape(request.vm, shape, config);
  return { shape, warnings: found.warnings };
}

/** Proxmox VE's word for the pages: `2`, `1024` or null. */
function hugepagesFor(
  { pageSize, vm }: GuestSpec,
  { config, cells, host }: { readonly config: GuestConfig; readonly cells: ShapeCells; readonly host: Host },
): string | null {
  if (pageSize === null || pageSize === 'any') return config.hugepages === 'any' ? '2' : config.hugepages;
  if (pageSize === 'small' || pageSize === 4) return null;
  if (pageSize === 2048 || pageSize === GIB_IN_KIB) return String(pageSize / 1024);
  if (pageSize !== 'large')
    throw cannot(
      `VM ${vm} is to have pages of ${pageSize} KiB, but Proxmox VE has only huge pages of 2 and 1024 MiB: change hw:mem_page_size.`,
    );
  if (config.hugepages !== null && config.hugepages !== 'any') return config.hugepages;
  const hasPool = host.topology.cells.some(({ pages }) =>
    pages.some(({ sizeKiB, total }) => sizeKiB === GIB_IN_KIB && total > 0),
  );
  return hasPool && cells.every(({ memoryMiB }) => memoryMiB % 1024 === 0) ? '1024' : '2';
}

/** The guest as a start of the shaped configuration will ask for it. */
function placedSpec(
  request: PlacementRequest,
  { cells, hugepages }: WantedShape,
  config: GuestConfig,
): GuestSpec {
  const pageKiB = hugepages === null ? null : Number(hugepages) * 1024;
  const shaped = cells.map(cell => ({ ...cell, hostCells: null }));
  const { request: fitted } = fitToConfig(request, { config, cells: shaped, pageKiB });
  const spec = specOf(fitted);
  if (hugepages === null) return spec;
  const allowed = spec.allowedCells ?? Array.from({ length: ONE_DIGIT }, (_, cell) => cell);
  return { ...spec, allowedCells: allowed.filter(cell => cell < ONE_DIGIT) };
}

interface HostCells {
  readonly hostCells: readonly number[];
  readonly warnings: readonly string[];
}

function chooseHostCells(
  spec: GuestSpec,
  [now, empty]: readonly HostModel[],
  kept: readonly (number | null)[] | null,
): HostCells {
  const fixed = kept?.map(cell => [cell!]);
  // Proxmox VE takes huge pages from free memory when the guest starts, so that a pool may be empty until then.
  const variants = spec.pageSize === null ? [spec] : [spec, { ...spec, pageSize: null }];
  for (const variant of variants) {
    const found =
      (fixed === undefined ? null : hostCellsOn(now!, { ...variant, hostCells: fixed })) ??
      hostCellsOn(now!, variant);
    if (found !== null) return { hostCells: found, warnings: [] };
  }
  for (const variant of variants) {
    const found = hostCellsOn(empty!, variant);
    if (found !== null)
      return {
        hostCells: found,
        warnings: [
          `VM ${spec.vm} does not fit on this node as it is now, so it is given host cells ${found.join(',')}, where it would fit on an empty one.`,
        ],
      };
  }
  const outcome = place(empty!, spec);
  const why = outcome.ok ? '' : `: ${outcome.refusal.summary}`;
  throw cannot(`VM ${spec.vm} does not fit even on an empty node${why === '' ? '.' : why}`);
}

function hostCellsOn(model: HostModel, spec: GuestSpec): readonly number[] | null {
  const result = placeSplit(model, spec);
  return result.ok ? result.placed.found.hosts.map(index => model.cells[index]!.id) : null;
}
