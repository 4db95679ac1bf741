import { parseCpuList } from '../../domain/cpu-list.ts';
import { readResidence } from '../../formats/proc/memory-residence.ts';
import type { RunningQemu } from './find-qemu.ts';
import type { HookCall } from './hook-call.ts';

/** Less than this is a page of a shared file that another process brought in. */
const FEW_MIB = 1;

/**
 * Moves pages that were touched on other cells before the scope was held to its own. `migratepages` (package numactl) moves
 * what is there now; new pages come from the scope's cells. Answers a sentence when some stay elsewhere.
 */
export async function bringMemoryHome(
  { node, vmid }: HookCall,
  { pid }: RunningQemu,
  cells: string | null,
): Promise<readonly string[]> {
  if (cells === null) return [];
  const wanted = parseCpuList(cells);
  const look = () =>
    readResidence(node.files.read(`/proc/${pid}/numa_maps`) ?? '').filter(({ cell }) => !wanted.has(cell));
  const sum = (parts: readonly { readonly mib: number }[]) =>
    parts.reduce((total, { mib }) => total + mib, 0);
  const astray = look();
  if (sum(astray) < FEW_MIB) return [];
  const from = [...new Set(astray.map(({ cell }) => cell))].join(',');
  const { code, stderr } = await node.run(['migratepages', String(pid), from, cells], { timeoutMs: 120_000 });
  const still = sum(look());
  if (still < FEW_MIB) return [];
  const said = stderr.trim().replace(/\s+/g, ' ');
  const advice =
    code === null && said !== ''
      ? 'install the package numactl'
      : `see that as much is free on cell ${cells}`;
  return [
    `${Math.round(still)} MiB of VM ${vmid} lie on ${from.includes(',') ? 'cells' : 'cell'} ${from} instead of ${cells}${said === '' ? '' : ` (${said})`}: ${advice}, then run "pinfold reconcile".`,
  ];
}
