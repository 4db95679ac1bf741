import type { Cell, HostTopology } from '../domain/host-topology.ts';
import { readBootId } from '../formats/proc/process-id.ts';
import { readMemory } from '../formats/sysfs/read-memory.ts';
import type { NodePort } from './ports.ts';

const NODES = '/sys/devices/system/node';
/** What every node of several cells has; one that has not is read whole. */
const NEEDED = ['/sys/devices/system/cpu/online', `${NODES}/online`];
/** What decides besides which CPUs, cells and devices there are; sets of CPUs that change change `online`. */
const DECISIVE = ['/sys/devices/system/cpu/present', '/sys/devices/system/cpu/isolated'];
/** The kernel empties it at each boot. */
const VOLATILE = '/run/';

/** Raised when what is kept changes its form. */
const FORMAT = 2;

/**
 * The node's topology. The kernel's answer about cores, caches, distances and devices stays the same while it runs
 * with the same CPUs, cells and devices, so it is kept in the state folder and asked for again only when one of
 * those, or the boot, is another: on a machine with 384 CPUs that spares 250 of 300 files. Memory and page pools are
 * read each time. A node that has no cells in sysfs is read whole. One that names no boot (a tree, a container) may keep it
 * only where a boot takes it away, and CPUs and distances of its cells must be the same too.
 */
export async function readNodeTopology(node: NodePort, stateFolder: string): Promise<HostTopology> {
  const { files } = node;
  const boot = readBootId(files);
  const needed = NEEDED.map(path => files.read(path));
  if (needed.includes(null) || (boot === '' && !stateFolder.startsWith(VOLATILE))) return readWhole(node);
  const decisive = [...needed, ...DECISIVE.map(path => files.read(path))];
  const more = boot === '' ? cellsAsTold(node) : [];
  const devices = files.list('/sys/bus/pci/devices');
  const key = JSON.stringify([FORMAT, node.name, boot, decisive, more, devices]);
  const path = `${stateFolder}/topology.json`;
  const kept = keptTopology(files.read(path), key);
  if (kept !== null)
    return { ...kept, cells: kept.cells.map(cell => ({ ...cell, ...memoryOf(node, cell) })) };
  const topology = await readWhole(node);
  try {
    node.writeAtomically(path, JSON.stringify({ key, topology }), 0o660);
  } catch {
    // Only a saving of time; a state folder that cannot be written is told by the ledger.
  }
  return topology;
}

/** CPUs and distances of each cell, as their files have them. */
function cellsAsTold({ files }: NodePort): readonly (string | null)[] {
  const cells = files.list(NODES).filter(name => /^node\d+$/.test(name));
  return cells.flatMap(name => ['cpulist', 'distance'].map(file => files.read(`${NODES}/${name}/${file}`)));
}

/** Its readers are loaded only once a boot. */
async function readWhole(node: NodePort): Promise<HostTopology> {
  const { readTopology } = await import('./whole-topology.ts');
  return readTopology(node.files, node.name);
}

function memoryOf(node: NodePort, { id, pages }: Cell) {
  const folder = `${NODES}/node${id}`;
  return readMemory(node.files, { meminfo: `${folder}/meminfo`, hugepages: `${folder}/hugepages` }, pages);
}

function keptTopology(text: string | null, key: string): HostTopology | null {
  try {
    const value = JSON.parse(text ?? 'null') as {
      readonly key: unknown;
      readonly topology?: HostTopology;
    } | null;
    return value?.key === key && Array.isArray(value.topology?.cells) ? value.topology : null;
  } catch {
    return null;
  }
}
