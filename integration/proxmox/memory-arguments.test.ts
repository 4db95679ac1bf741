import { hugePagesOf, memoryArguments } from './memory-arguments.ts';
import { qemuCommand, scopeProperties } from './qemu-command.ts';
import { parseVmConfig } from './vm-config.ts';

const HOST = { exists: (cell: number) => cell < 4 };
const config = (text: string) => parseVmConfig(text, '100').main;

const TWO_CELLS = `cores: 4
memory: 128
numa: 1
numa0: cpus=0-1,hostnodes=0,memory=64,policy=bind
numa1: cpus=2-3,hostnodes=3,memory=64,policy=bind
`;

it('makes one bound backend for each guest cell', () => {
  expect(memoryArguments(config(TWO_CELLS), HOST)).toEqual([
    ...['-m', '128'],
    ...['-object', 'memory-backend-ram,id=ram-node0,size=64M,host-nodes=0,policy=bind'],
    ...['-numa', 'node,nodeid=0,cpus=0-1,memdev=ram-node0'],
    ...['-object', 'memory-backend-ram,id=ram-node1,size=64M,host-nodes=3,policy=bind'],
    ...['-numa', 'node,nodeid=1,cpus=2-3,memdev=ram-node1'],
  ]);
});

it('takes huge pages from files, on the cell that the config names or, without numaN, on the one of the same number', () => {
  const named = config(`${TWO_CELLS}hugepages: 2\n`);
  expect(memoryArguments(named, HOST)[7]).toBe(
    'memory-backend-file,id=ram-node1,size=64M,mem-path=/run/hugepages/kvm/2048kB,share=on,prealloc=yes,host-nodes=3,policy=bind',
  );
  expect(hugePagesOf(named)!.cells).toEqual([
    { hostCell: 0, pages: 32 },
    { hostCell: 3, pages: 32 },
  ]);
  const plain = config('sockets: 2\nmemory: 64\nnuma: 1\nhugepages: 2\n');
  expect(hugePagesOf(plain)!.cells.map(({ hostCell }) => hostCell)).toEqual([0, 1]);
});

it.each([
  [
    'a cell that the host has not',
    TWO_CELLS.replace('hostnodes=3', 'hostnodes=7'),
    "host NUMA node7 doesn't exist",
  ],
  [
    'memory that does not add up',
    TWO_CELLS.replace('memory: 128', 'memory: 129'),
    'total memory for NUMA nodes',
  ],
  ['hostnodes without a policy', TWO_CELLS.replace(',policy=bind', ''), 'missing NUMA node0 policy value'],
  ['huge pages without numa', 'hugepages: 2\n', 'numa needs to be enabled'],
  [
    'huge pages on host cell 10',
    `${TWO_CELLS.replace('hostnodes=3', 'hostnodes=10')}hugepages: 2\n`,
    'wrong hostnodes',
  ],
])('refuses %s', (_, text, words) => {
  expect(() => memoryArguments(config(text), HOST)).toThrow(words);
});

it('puts taskset in front where the config has an affinity, and args at the end', () => {
  const argv = qemuCommand(
    '100',
    config('affinity: 3,5\nargs: -S  -readconfig x\nname: db\nvcpus: 1\ncores: 2\n'),
    HOST,
  );
  expect(argv.slice(0, 5)).toEqual(['/usr/bin/taskset', '--cpu-list', '--all-tasks', '3,5', '/usr/bin/kvm']);
  expect(argv.slice(-3)).toEqual(['-S', '-readconfig', 'x']);
  expect(argv[argv.indexOf('-name') + 1]).toBe('db,debug-threads=on');
  expect(argv[argv.indexOf('-smp') + 1]).toBe('1,sockets=1,cores=2,maxcpus=2');
});

it('gives the scope weight and quota of the config', () => {
  expect(scopeProperties(config('cpuunits: 300\ncpulimit: 1.5\n'))).toMatchObject({
    Slice: 'qemu.slice',
    CPUWeight: '300',
    CPUQuota: '150%',
  });
});
