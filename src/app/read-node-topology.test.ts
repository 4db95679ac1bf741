import { namedMachine } from '../machines/named-machines.ts';
import { renderMachine } from '../machines/render-machine.ts';
import { readTopology } from '../formats/sysfs/read-topology.ts';
import { textTreeOf } from '../formats/text-tree.ts';
import type { NodePort } from './ports.ts';
import { readNodeTopology } from './read-node-topology.ts';

const BOOT = '/proc/sys/kernel/random/boot_id';

/** A node whose files are this map, and how many of them were read. */
function nodeOf(texts: Map<string, string>, stateFolder = '/run/pinfold') {
  let reads = 0;
  const node: NodePort = {
    name: 'n',
    files: {
      read: path => {
        reads += 1;
        return texts.get(path) ?? null;
      },
      list: path => textTreeOf(texts).list(path),
    },
    run: () => Promise.reject(new Error('nothing runs here')),
    writeAtomically: (path, text) => {
      texts.set(path, text);
    },
    remove: path => {
      texts.delete(path);
    },
    writeInPlace: () => 'EROFS',
    makeFolder: () => 'EROFS',
    removeFolder: () => 'EROFS',
  };
  const read = async () => {
    reads = 0;
    const topology = await readNodeTopology(node, stateFolder);
    return { topology, reads };
  };
  return { read, plain: () => readTopology(node.files, 'n') };
}
const nps4 = (boot: string | null = 'b1') =>
  new Map([...renderMachine(namedMachine('epyc-nps4')), ...(boot === null ? [] : [[BOOT, boot] as const])]);

describe('the topology of epyc-nps4', () => {
  test('is the same from the second reading on, with far fewer files', async () => {
    const { read, plain } = nodeOf(nps4());
    const first = await read();
    const second = await read();
    expect(first.topology).toEqual(plain());
    expect(second.topology).toEqual(first.topology);
    expect(second.reads).toBeLessThan(first.reads / 2);
  });

  test('shows memory and pages as they are now', async () => {
    const texts = nps4();
    const { read, plain } = nodeOf(texts);
    const before = (await read()).topology;
    texts.set('/sys/devices/system/node/node3/hugepages/hugepages-2048kB/free_hugepages', '7\n');
    const after = (await read()).topology;
    expect(after).toEqual(plain());
    expect(after).not.toEqual(before);
  });

  test.each([
    ['a CPU goes offline', '/sys/devices/system/cpu/online', '0-126\n'],
    ['a CPU is isolated', '/sys/devices/system/cpu/isolated', '5\n'],
    ['the machine boots again', BOOT, 'b2'],
    ['a device is plugged in', '/sys/bus/pci/devices/0000:42:00.0/numa_node', '3\n'],
    ['what was kept is damaged', '/run/pinfold/topology.json', '{"key":'],
  ])('is read anew when %s', async (_, path, text) => {
    const texts = nps4();
    const { read, plain } = nodeOf(texts);
    await read();
    texts.set(path, text);
    // What only a whole reading sees.
    texts.set('/sys/devices/system/node/node0/distance', '10 99 12 12 32 32 32 32\n');
    expect((await read()).topology).toEqual(plain());
    expect((await read()).topology.cells[0]!.distances!['1']).toBe(99);
  });

  test('is kept without the name of a boot only where a boot takes it away', async () => {
    const texts = nps4(null);
    await nodeOf(texts, '/var/tmp/one-pinfold').read();
    expect(texts.has('/var/tmp/one-pinfold/topology.json')).toBe(false);
    const { read, plain } = nodeOf(texts);
    const first = await read();
    const second = await read();
    expect(second.topology).toEqual(first.topology);
    expect(second.reads).toBeLessThan(first.reads / 2);
    texts.set('/sys/devices/system/node/node0/distance', '10 99 12 12 32 32 32 32\n');
    expect((await read()).topology).toEqual(plain());
  });

  test('is kept on a kernel that says nothing of isolated CPUs, and never where it shows no cells', async () => {
    const texts = nps4();
    texts.delete('/sys/devices/system/cpu/isolated');
    const { read } = nodeOf(texts);
    const first = await read();
    expect((await read()).reads).toBeLessThan(first.reads / 2);
    texts.delete('/sys/devices/system/node/online');
    texts.delete('/run/pinfold/topology.json');
    await read();
    expect(texts.has('/run/pinfold/topology.json')).toBe(false);
  });
});
