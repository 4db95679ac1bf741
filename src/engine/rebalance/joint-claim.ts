import type { Claim, ClaimCell } from '../../domain/claim.ts';
import { parseCpuList } from '../../domain/cpu-list.ts';
import type { HostModel } from '../host-model.ts';

/**
 * What a guest holds while it is taken from one place to another: all that it holds at either, and the spare CPU on which
 * threads step aside. Memory counts on both cells, as it does while pages move.
 */
export function jointClaim(
  model: HostModel,
  { from, to, spare }: { readonly from: Claim; readonly to: Claim; readonly spare: number | null },
): Claim {
  const cells: ClaimCell[] = to.cells.map(cell => ({ ...cell }));
  for (const old of from.cells) {
    const at = cells.findIndex(
      cell => cell.hostCell === old.hostCell && cell.pageSizeKiB === old.pageSizeKiB,
    );
    const same = cells[at];
    if (same === undefined) cells.push(old);
    else
      cells[at] = {
        hostCell: old.hostCell,
        pcpus: both(same.pcpus, old.pcpus),
        sharedVcpus: Math.max(same.sharedVcpus, old.sharedVcpus),
        memoryMiB: Math.max(same.memoryMiB, old.memoryMiB),
        pageSizeKiB: old.pageSizeKiB,
        pages: Math.max(same.pages, old.pages),
      };
  }
  const home = spare === null ? -1 : cells.findIndex(cell => isOn(model, cell.hostCell, spare));
  if (home >= 0) cells[home] = { ...cells[home]!, pcpus: both(cells[home]!.pcpus, `${spare!}`) };
  return {
    ...to,
    cells: cells.map(withoutBurnt),
    ...(to.emulator == null
      ? {}
      : { emulator: { ...to.emulator, cpus: both(to.emulator.cpus, from.emulator?.cpus ?? '') } }),
  };
}

function isOn(model: HostModel, hostCell: number, cpu: number): boolean {
  return model.cells.find(({ id }) => id === hostCell)?.cpus.has(cpu) === true;
}

function both(left: string, right: string): string {
  return parseCpuList(left).union(parseCpuList(right)).toString();
}

/** What is kept idle at one place may be run on at the other: for the moment nothing counts as idle. */
function withoutBurnt(cell: ClaimCell): ClaimCell {
  const { burnt, ...rest } = cell;
  return burnt === undefined ? cell : rest;
}
