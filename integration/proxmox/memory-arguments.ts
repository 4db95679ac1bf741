import { PveError } from './pve-error.ts';
import type { ConfigSection } from './vm-config.ts';

/** Guest cells that a config can describe (MAX_NUMA of QemuServer/Memory.pm). */
const MAX_CELLS = 8;

/** A guest cell as the config's `numaN` says. */
interface GuestCell {
  readonly id: number;
  readonly cpus: string;
  readonly memoryMiB: number;
  /** `0-1;3`; null = no binding. */
  readonly hostNodes: string | null;
  readonly policy: string;
}

/** Huge pages that a start takes: how many of which size on which host cell. */
export interface HugePages {
  readonly sizeKiB: number;
  readonly cells: readonly { readonly hostCell: number; readonly pages: number }[];
}

/** What the arguments depend on besides the config. */
export interface HostCells {
  exists(cell: number): boolean;
}

/** MiB of the guest: `512`, or `current=512`. */
export function memoryOf({ settings }: ConfigSection): number {
  const text = settings.get('memory') ?? '512';
  return Number(/^(?:current=)?(\d+)/.exec(text)?.[1] ?? 512);
}

/** sockets × cores. */
export function maximumVcpus({ settings }: ConfigSection): number {
  return Number(settings.get('sockets') ?? 1) * Number(settings.get('cores') ?? 1);
}

/**
 * QEMU's arguments for memory and guest cells (QemuServer/Memory.pm, config): `-m` alone without `numa: 1`; else one
 * backend a guest cell, bound where `hostnodes` says so, filled from huge pages at once where the config has
 * `hugepages`. Refuses what Memory.pm refuses.
 */
export function memoryArguments(config: ConfigSection, host: HostCells): string[] {
  const memory = memoryOf(config);
  const page = pageSizeKiB(config);
  const base = ['-m', String(memory)];
  if (config.settings.get('numa') !== '1') {
    if (page !== null) throw new PveError('numa needs to be enabled to use hugepages');
    return base;
  }
  const cells = guestCells(config);
  const described = cells.length > 0 ? cells : equalCells(config);
  if (cells.length > 0 && cells.reduce((sum, cell) => sum + cell.memoryMiB, 0) !== memory)
    throw new PveError('total memory for NUMA nodes must be equal to vm static memory');
  return [
    ...base,
    ...described.flatMap(cell => [
      '-object',
      backend(cell, { page, host, isDescribed: cells.length > 0 }),
      '-numa',
      `node,nodeid=${cell.id},cpus=${cell.cpus},memdev=ram-node${cell.id}`,
    ]),
  ];
}

/** The huge pages of a start, null without `hugepages`: guest cell i is on host cell i where no `numaN` says other. */
export function hugePagesOf(config: ConfigSection): HugePages | null {
  const sizeKiB = pageSizeKiB(config);
  if (sizeKiB === null) return null;
  const cells = guestCells(config);
  const described = cells.length > 0 ? cells : equalCells(config);
  return {
    sizeKiB,
    cells: described.map(cell => ({
      hostCell: cell.hostNodes === null ? cell.id : oneHostNode(cell.hostNodes),
      pages: (cell.memoryMiB * 1024) / sizeKiB,
    })),
  };
}

function pageSizeKiB({ settings }: ConfigSection): number | null {
  const word = settings.get('hugepages');
  if (word === undefined) return null;
  // `any` takes the largest size that the kernel has and that divides the memory; here that is 2 MiB.
  return word === 'any' ? 2048 : Number(word) * 1024;
}

function guestCells({ settings }: ConfigSection): GuestCell[] {
  return Array.from({ length: MAX_CELLS }, (_, id) => id).flatMap(id => {
    const text = settings.get(`numa${id}`);
    if (text === undefined) return [];
    const parts = new Map(text.split(',').map(part => part.split('=') as [string, string]));
    const [cpus, memory] = [parts.get('cpus'), parts.get('memory')];
    if (cpus === undefined) throw new PveError(`missing NUMA node${id} cpus value`);
    if (memory === undefined) throw new PveError(`missing NUMA node${id} memory value`);
    const hostNodes = parts.get('hostnodes') ?? null;
    const policy = parts.get('policy');
    if (hostNodes !== null && policy === undefined) throw new PveError(`missing NUMA node${id} policy value`);
    return [
      {
        id,
        cpus: cpus.replaceAll(';', ',cpus='),
        memoryMiB: Number(memory),
        hostNodes,
        policy: policy ?? '',
      },
    ];
  });
}

/** Without `numaN`, one guest cell a socket. */
function equalCells(config: ConfigSection): GuestCell[] {
  const sockets = Number(config.settings.get('sockets') ?? 1);
  const cores = Number(config.settings.get('cores') ?? 1);
  return Array.from({ length: sockets }, (_, id) => ({
    id,
    cpus: cores === 1 ? `${id}` : `${id * cores}-${(id + 1) * cores - 1}`,
    memoryMiB: memoryOf(config) / sockets,
    hostNodes: null,
    policy: '',
  }));
}

function backend(
  cell: GuestCell,
  {
    page,
    host,
    isDescribed,
  }: { readonly page: number | null; readonly host: HostCells; readonly isDescribed: boolean },
): string {
  const head = `id=ram-node${cell.id},size=${cell.memoryMiB}M`;
  if (page === null)
    return `memory-backend-ram,${head}${cell.hostNodes === null ? '' : binding(cell.hostNodes, cell.policy, host)}`;
  if (isDescribed && cell.hostNodes === null)
    throw new PveError(`numa${cell.id}: hostnodes need to be defined to use hugepages`);
  const node = cell.hostNodes === null ? cell.id : oneHostNode(cell.hostNodes);
  const path = `mem-path=/run/hugepages/kvm/${page}kB,share=on,prealloc=yes`;
  return `memory-backend-file,${head},${path}${binding(String(node), 'bind', host)}`;
}

function binding(nodes: string, policy: string, host: HostCells): string {
  const ranges = nodes.split(';').map(range => range.split('-').map(Number));
  for (const cell of ranges.flat())
    if (!host.exists(cell)) throw new PveError(`host NUMA node${cell} doesn't exist`);
  return `${ranges.map(range => `,host-nodes=${range.join('-')}`).join('')},policy=${policy}`;
}

/** With huge pages a guest cell has exactly one host cell, of one digit (Memory.pm:629, `^(\d)$`). */
function oneHostNode(nodes: string): number {
  if (!/^\d$/.test(nodes))
    throw new PveError('wrong hostnodes, only one host node is allowed with hugepages');
  return Number(nodes);
}
