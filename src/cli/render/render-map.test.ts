import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openTreeNode } from '../../adapters/embedded/tree-node.ts';
import { writeTree } from '../../adapters/local/write-tree.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { parseCpuList } from '../../domain/cpu-list.ts';
import type { HostPolicy } from '../../domain/host-policy.ts';
import { type MachineName, NAMED_MACHINES, namedMachine } from '../../machines/named-machines.ts';
import { renderMachine } from '../../machines/render-machine.ts';
import { topologyOf } from '../../machines/topology-of.ts';
import { cpuMarks } from '../../formats/map/cpu-marks.ts';
import type { MapModel } from '../../formats/map/map-model.ts';
import { countedCpus } from '../../testing/counted-cpus.ts';
import { textTreeOf } from '../../formats/text-tree.ts';
import { readMapModel } from './read-map-model.ts';
import { renderMap } from './render-map.ts';

const roots: string[] = [];
afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true });
});

interface Guest {
  readonly name: string;
  readonly pins: readonly string[];
  readonly emulator: string;
  /** Host cell of its memory, in 2 MiB pages when `huge`. */
  readonly cell?: number;
  readonly huge?: boolean;
}

/** The model that is read from a tree on which these guests run. */
async function modelOf(machine: MachineName, guests: readonly Guest[], policy: HostPolicy = {}) {
  const root = mkdtempSync(join(tmpdir(), 'pinfold-map-'));
  roots.push(root);
  writeTree(renderMachine(namedMachine(machine)), root);
  const node = openTreeNode(root);
  for (const { name, pins, emulator, cell = 0, huge = false } of guests) {
    const vcpupins = pins.map((cpus, vcpu) => `<vcpupin vcpu='${vcpu}' cpuset='${cpus}'/>`).join('');
    const xml = `<domain type='kvm'><name>${name}</name><vcpu>${pins.length}</vcpu><memory unit='GiB'>2</memory>
      ${huge ? "<memoryBacking><hugepages><page size='2048' unit='KiB'/></hugepages></memoryBacking>" : ''}
      <cputune>${vcpupins}<emulatorpin cpuset='${emulator}'/></cputune>
      <numatune><memory mode='restrictive' nodeset='${cell}'/></numatune></domain>`;
    const answer = await node.run(['/x/kvm/deploy', `/var/${name}.xml`], { stdin: xml });
    if (answer.code !== 0) throw new Error(answer.stderr);
  }
  return readMapModel(node, policy);
}

const pair: readonly Guest[] = [
  { name: 'database', pins: ['2', '4'], emulator: '1', huge: true },
  { name: 'web', pins: ['0-1', '0-1'], emulator: '0-1' },
];

describe('the map of', () => {
  test('dual-socket-smt shows guests, their common emulator CPU, shared and host CPUs', async () => {
    const model = await modelOf(
      'dual-socket-smt',
      [
        { name: 'database', pins: ['2', '18', '3', '19'], emulator: '4', huge: true },
        { name: 'cache', pins: ['20'], emulator: '4' },
        { name: 'web', pins: ['8-9,24-25', '8-9,24-25'], emulator: '8-9,24-25', cell: 1 },
      ],
      { cpu_shared_set: '8-9,24-25', cpu_dedicated_set: '1-7,17-23,10-15,26-31' },
    );
    expect(renderMap(model, { color: false })).toMatchSnapshot();
  });

  test.each([
    'laptop-1c',
    'epyc-nps4',
    'hybrid-desktop',
    'memory-only-cell',
    'offline-cpus',
    'asymmetric-cells',
    'snc-shared-cache',
    'arm-128',
  ] as const)('%s', async machine => {
    const guests = pair.map(guest => ({ ...guest, huge: guest.huge === true && machine === 'epyc-nps4' }));
    expect(
      renderMap(await modelOf(machine, machine === 'laptop-1c' ? [] : guests), { color: false }),
    ).toMatchSnapshot();
  });
});

describe('every machine', () => {
  const names = Object.keys(NAMED_MACHINES) as MachineName[];
  const emptyModel = (machine: MachineName): MapModel => ({
    topology: topologyOf(namedMachine(machine)),
    policy: {},
    guests: [],
    keptEmpty: new Map(),
  });

  test.each(names)('%s fits 80 columns and 60, and shows each online CPU once', machine => {
    const model = emptyModel(machine);
    for (const width of [80, 60]) {
      const text = renderMap(model, { color: false, width });
      const lines = text.split('\n');
      expect(lines.filter(line => line.length > width)).toEqual([]);
      expect(countedCpus(text)).toBe(parseCpuList(model.topology.cpus.online).size);
    }
  });

  test.each(names)('%s reads the same with colours', machine => {
    const model = emptyModel(machine);
    const plain = renderMap(model, { color: true }).replace(/\u001b\[\d+m/g, '');
    expect(plain).toBe(renderMap(model, { color: false }));
  });
});

describe('what a CPU is used for', () => {
  test('is read from the threads: a vCPU that was moved by hand moves on the map', async () => {
    const before = await modelOf('dual-socket-smt', [{ name: 'a', pins: ['2'], emulator: '1' }]);
    expect(cpuMarks(before).get(2)).toEqual({ use: 'vcpu', guest: 'a' });
    const node = openTreeNode(roots.at(-1)!);
    await node.run(['virsh', 'vcpupin', 'a', '0', '7', '--live']);
    const after = cpuMarks(readMapModel(node, {}));
    expect(after.get(2)).toEqual({ use: 'free' });
    expect(after.get(7)).toEqual({ use: 'vcpu', guest: 'a' });
  });

  test('two guests on one CPU are told', async () => {
    const model = await modelOf('dual-socket-smt', [
      { name: 'a', pins: ['2'], emulator: '1' },
      { name: 'b', pins: ['2'], emulator: '1' },
    ]);
    expect(cpuMarks(model).get(2)).toEqual({ use: 'contended', guests: ['a', 'b'] });
    expect(renderMap(model, { color: false })).toContain('! two guests pinned');
  });

  test('offline CPUs are named, and those that a claim keeps empty carry a small letter', () => {
    const guest = {
      name: 'rt',
      source: 'threads' as const,
      floats: false,
      vcpus: [CpuSet.of([4])],
      iothreads: [],
      emulator: CpuSet.of([4]),
      memory: [],
    };
    const model: MapModel = {
      topology: topologyOf(namedMachine('offline-cpus')),
      policy: {},
      guests: [guest],
      keptEmpty: new Map([[12, 'rt']]),
    };
    const text = renderMap(model, { color: false });
    expect(text).toContain('│ Aa ');
    expect(text).toContain('offline: 3,11,13');
    expect(text).toContain('a kept empty for A');
  });
});

describe('guests on the map', () => {
  const machine = namedMachine('dual-socket-smt');
  const entry = (owner: string, vm = 'coming') => ({
    vm,
    claim: {
      vm,
      source: 'leased',
      owner,
      expires: 1,
      cells: [
        {
          hostCell: 0,
          pcpus: '2,18',
          burnt: '18',
          sharedVcpus: 0,
          memoryMiB: 1024,
          pageSizeKiB: null,
          pages: 0,
        },
      ],
    },
    process: null,
    marker: null,
    placement: null,
    foreign: null,
  });
  /** A tree with a process 77 that started at tick 5, and this ledger. */
  const withLedger = (entries: readonly object[]) => {
    const files = new Map(renderMachine(machine));
    files.set('/proc/77/stat', `77 (node) S ${'1 '.repeat(18)}5 0 0`);
    files.set(
      '/run/pinfold/ledger.json',
      JSON.stringify({ kind: 'pinfold/ledger', version: 1, boot: '', entries }),
    );
    return readMapModel({ files: textTreeOf(files), name: 'a' }, {});
  };

  test('one that is being started is there while whoever starts it lives', () => {
    const map = renderMap(withLedger([entry('77:5')]), { color: false });
    expect(map).toContain('│ ·· ·· Aa ');
    expect(map).toContain('A coming  being started · 1 CPU 2 · 1 GiB @0');
    expect(renderMap(withLedger([entry('77:4')]), { color: false })).not.toContain('coming');
  });

  test('one with a long name keeps all of it, on lines of its own', () => {
    const name = `${'very-'.repeat(59)}long`;
    const model = withLedger([entry('77:5', name)]);
    for (const width of [60, 80]) {
      const map = renderMap(model, { color: false, width, headed: true });
      expect(map.replaceAll('\n   ', '')).toContain(name);
      expect(map.split('\n').filter(line => line.length > width)).toEqual([]);
    }
  });

  test('keep their letters when they are drawn again', () => {
    const letters = new Map([['coming', 'Q']]);
    expect(renderMap(withLedger([entry('77:5')]), { color: false, letters })).toContain('│ ·· ·· Qq ');
  });
});
