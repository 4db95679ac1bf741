import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { travellingXml } from '../opennebula/travel.ts';
import { parseCpuList } from '../../domain/cpu-list.ts';
import { PlacedNode } from '../../testing/placed-node.ts';
import { takeOffline } from '../../testing/take-offline.ts';

jest.setTimeout(60_000);
let node: PlacedNode;
const open = (machine: ConstructorParameters<typeof PlacedNode>[0] = 'dual-socket-smt') =>
  (node = new PlacedNode(machine));
afterEach(() => {
  node.remove();
});

const DEDICATED = { HW_CPU_POLICY: 'dedicated', HW_NUMA_NODES: '1', HW_EMULATOR_THREADS_POLICY: 'isolate' };
const POOLED = { ...DEDICATED, HW_MEM_PAGE_SIZE: '2048' };
const SHARED = { PINFOLD_CONFINE: 'cell' };
const vcpuTid = (vm: string, index: number) =>
  node.threads(vm).find(thread => thread.role === 'vcpu' && thread.index === index)!.tid;

/** What is found, as `code cause subject repair` by guest. */
const told = ({ drift }: Awaited<ReturnType<PlacedNode['preview']>>) =>
  drift.map(({ vm, code, cause, subject, repair }) => [vm, code, cause, subject, repair].join(' | '));

/** A dry run tells exactly this, a run mends it, and the next has nothing to say. */
async function isMended(...wanted: readonly string[]): Promise<void> {
  expect(told(await node.preview())).toEqual(wanted.map(line => `${line} | planned`));
  expect(told(await node.reconcile())).toEqual(wanted.map(line => `${line} | done`));
  expect(await node.reconcile()).toMatchObject({ drift: [], changes: [] });
}

/** Every file of the tree with what it says. */
function everyFile(folder = node.root): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? Object.entries(everyFile(path)) : [[path, readFileSync(path, 'utf8')]];
    }),
  );
}

describe('a node on which all is as it was decided', () => {
  test('has nothing to tell, and nothing of it changes', async () => {
    open();
    await node.started(1, { vcpus: 2, iothreads: 1, pinfold: POOLED });
    await node.started(3, { vcpus: 2, pinfold: { ...POOLED, HW_NUMA_NODES: '2' } });
    await node.started(4, { vcpus: 2, pinfold: SHARED });
    await node.reconcile();
    const before = everyFile();
    expect(await node.reconcile()).toMatchObject({ drift: [], changes: [] });
    expect(everyFile()).toEqual(before);
  });

  test('is told what a later dedicated guest took from the CPUs that others float over', async () => {
    open('laptop-1c');
    await node.started(2, { vcpus: 2, pinfold: SHARED });
    await node.started(3, { vcpus: 1, pinfold: DEDICATED });
    await isMended('one-2 | shared-set-stale | dedicated-came | floating vCPUs');
    const taken = node.vcpus('one-3');
    expect(taken.some(cpu => node.vcpus('one-2')[0]!.split(/[,-]/).includes(cpu))).toBe(false);
    expect(node.read('/run/pinfold/reconcile.json')).toBe('');
  });
});

describe('a dry run', () => {
  test('changes nothing, whatever it finds', async () => {
    open();
    await node.started(1, { vcpus: 2, maxVcpus: 3, pinfold: POOLED });
    await node.started(2, { vcpus: 1, pinfold: SHARED });
    await node.virsh('setvcpus', 'one-1', '3', '--live');
    node.setMask('one-2', vcpuTid('one-2', 0), '3');
    await node.node.run(['migratepages', `${node.qemu('one-1').pid}`, '0', '1']);
    const before = everyFile();
    const { drift, changes } = await node.preview();
    expect([drift.length > 2, changes.length > 2]).toEqual([true, true]);
    expect(everyFile()).toEqual(before);
  });
});

describe('a second reconcile', () => {
  test('ends at once, and the first one works on', async () => {
    open();
    await node.started(1, { vcpus: 1, pinfold: DEDICATED });
    const both = await Promise.allSettled([node.reconcile(), node.reconcile()]);
    const refused = both.filter(({ status }) => status === 'rejected');
    expect(refused).toMatchObject([{ reason: { code: 'lock-busy', exit: 5 } }]);
    await expect(node.reconcile()).resolves.toMatchObject({ drift: [] });
  });
});

describe('a guest whose start is under way', () => {
  test('is left to its start, wherever its threads are', async () => {
    open();
    await node.started(1, { vcpus: 1, pinfold: DEDICATED });
    const entry = node.entry('one-1');
    const owner = node.call('', []).owner;
    const lease = {
      ...entry,
      process: null,
      marker: null,
      claim: { ...entry.claim, source: 'leased', owner, expires: 4e9 },
    };
    node.put('/run/pinfold/ledger.json', JSON.stringify({ ...node.ledger(), entries: [lease] }));
    node.setMask('one-1', vcpuTid('one-1', 0), '0-31');
    expect(await node.reconcile()).toMatchObject({ drift: [], changes: [] });
    expect(node.vcpus('one-1')).toEqual(['0-31']);
  });
});

describe('a repair that the system refuses', () => {
  test('is told with its words, and what does not depend on it is mended', async () => {
    open();
    await node.started(1, { vcpus: 1, pinfold: DEDICATED });
    await node.started(2, { vcpus: 1, pinfold: DEDICATED });
    for (const vm of ['one-1', 'one-2']) node.setMask(vm, vcpuTid(vm, 0), '0-31');
    node.put('/run/libvirt/qemu/one-1.xml', '<domstatus/>');
    const { drift } = await node.reconcile();
    expect(drift.map(({ vm, repair }) => [vm, repair])).toEqual([
      ['one-1', 'failed'],
      ['one-2', 'done'],
    ]);
    expect(drift[0]!.sentence).toMatch(/mending it failed \(.*domain 'one-1'/);
  });
});

describe('a thread on other CPUs than decided', () => {
  test('whose cpuset is right was pinned by hand', async () => {
    open();
    await node.started(2, { vcpus: 2, pinfold: SHARED });
    const home = node.vcpus('one-2')[1]!;
    await node.node.run(['taskset', '-pc', '3', `${vcpuTid('one-2', 1)}`]);
    expect(node.vcpus('one-2')).toEqual([home, '3']);
    await isMended('one-2 | vcpu-astray | pinned-by-hand | vCPU 1');
    expect(node.vcpus('one-2')).toEqual([home, home]);
  });

  test.each([
    ['cpuset-widened', '1', '1-2', '1-2'],
    ['cpuset-changed', '1', '2', '2'],
  ])('whose cpuset holds %s than its CPU was moved with that', async (cause, _own, cpus, mask) => {
    open();
    await node.started(1, { vcpus: 2, pinfold: DEDICATED });
    const before = node.vcpus('one-1');
    const own = Number(before[1]);
    const shift = (text: string) => text.replace(/\d+/g, number => `${own + Number(number) - 1}`);
    node.setCpuset('one-1', vcpuTid('one-1', 1), shift(cpus));
    node.setMask('one-1', vcpuTid('one-1', 1), shift(mask));
    await isMended(`one-1 | vcpu-astray | ${cause} | vCPU 1`);
    expect(node.vcpus('one-1')).toEqual(before);
  });

  test('in a cpuset with fewer CPUs than it floats over was narrowed', async () => {
    open();
    await node.started(2, { vcpus: 1, pinfold: SHARED });
    node.setCpuset('one-2', vcpuTid('one-2', 0), '4');
    node.setMask('one-2', vcpuTid('one-2', 0), '4');
    await isMended('one-2 | vcpu-astray | cpuset-narrowed | vCPU 0');
  });

  test('is told by its cpuset alone while the kernel still keeps it on its CPU', async () => {
    open();
    await node.started(1, { vcpus: 1, pinfold: DEDICATED });
    node.setCpuset('one-1', vcpuTid('one-1', 0), '0-31');
    await isMended('one-1 | cpuset-astray | cpuset-widened | vCPU 0');
  });

  test('is told by its cpuset, too, while other threads of its guest have to follow what others hold', async () => {
    open('laptop-1c');
    const mixed = { HW_CPU_POLICY: 'mixed', HW_CPU_DEDICATED_MASK: '0' };
    await node.started(1, { vcpus: 2, pinfold: mixed });
    await node.started(2, { vcpus: 1, pinfold: { HW_CPU_POLICY: 'dedicated' } });
    node.setCpuset('one-1', vcpuTid('one-1', 0), node.read('/sys/devices/system/cpu/online').trim());
    await isMended(
      'one-1 | shared-set-stale | dedicated-came | floating vCPUs',
      'one-1 | cpuset-astray | cpuset-widened | vCPU 0',
    );
  });

  test('that QEMU began later has no pins of its own', async () => {
    open();
    await node.started(1, { vcpus: 1, pinfold: DEDICATED });
    const { pid } = node.qemu('one-1');
    const stat = node.read(`/proc/${pid}/stat`);
    const folder = `/proc/${pid}/task/9999999`;
    const later = stat.replace(
      /(\) )((?:\S+ ){19})(\d+)/,
      (_, end: string, middle: string, ticks: string) => `${end}${middle}${Number(ticks) + 90_000}`,
    );
    node.put(`${folder}/comm`, 'vhost-1\n');
    node.put(`${folder}/stat`, later);
    node.put(`${folder}/cgroup`, '0::/\n');
    node.put('/sys/fs/cgroup/cpuset.cpus.effective', '0-31\n');
    node.put(
      `${folder}/status`,
      node.read(`/proc/${pid}/status`).replace(/^Cpus_allowed_list:.*$/m, 'Cpus_allowed_list:\t0-31'),
    );
    await isMended('one-1 | emulator-astray | new-thread | emulator threads');
  });
});

describe('two guests whose threads were swapped', () => {
  test('go home without ever standing on one CPU together', async () => {
    open();
    await node.started(1, { vcpus: 1, pinfold: DEDICATED });
    await node.started(2, { vcpus: 1, pinfold: DEDICATED });
    const [a, b] = [node.vcpus('one-1')[0]!, node.vcpus('one-2')[0]!];
    for (const [vm, cpu] of [
      ['one-1', b],
      ['one-2', a],
    ] as const) {
      node.setCpuset(vm, vcpuTid(vm, 0), cpu);
      node.setMask(vm, vcpuTid(vm, 0), cpu);
    }
    const { changes, drift } = await node.reconcile();
    expect(drift).toHaveLength(2);
    expect(changes.map(({ vm, to }) => [vm, to]).slice(1)).toEqual([
      ['one-2', b],
      ['one-1', a],
    ]);
    expect([a, b]).not.toContain(changes[0]!.to);
    expect([node.vcpus('one-1')[0], node.vcpus('one-2')[0]]).toEqual([a, b]);
  });
});

describe('a vCPU that was plugged in', () => {
  test('gets a free dedicated CPU of its cell, which is claimed before', async () => {
    open();
    await node.started(1, { vcpus: 1, maxVcpus: 2, pinfold: DEDICATED });
    await node.virsh('setvcpus', 'one-1', '2', '--live');
    await isMended('one-1 | vcpu-plugged-in | plugged-in | vCPU 1');
    const [first, second] = node.vcpus('one-1');
    expect(second).toMatch(/^\d+$/);
    expect(second).not.toBe(first);
    const { claim, placement } = node.entry('one-1');
    expect(placement!.pins['1']).toBe(second);
    expect(claim.cells[0]!.pcpus.split(/[,-]/)).toContain(second);
  });

  test('leaves the idle siblings of guests alone that claimed whole cores, and claims one itself', async () => {
    open();
    const isolate = { ...DEDICATED, HW_CPU_THREAD_POLICY: 'isolate' };
    await node.started(1, { vcpus: 1, maxVcpus: 2, pinfold: isolate });
    await node.virsh('setvcpus', 'one-1', '2', '--live');
    await node.reconcile();
    const { claim, placement } = node.entry('one-1');
    const cpu = Number(placement!.pins['1']);
    expect(claim.cells[0]!.burnt!.split(/[,-]/).map(Number)).toContain((cpu + 16) % 32);
  });

  test('shares the CPUs of its guest when none is free, which is then how it is', async () => {
    open();
    node.policy('cpu_dedicated_set: "1-2"\ncpu_shared_set: "0"\n');
    await node.started(1, { vcpus: 2, maxVcpus: 3, pinfold: { HW_CPU_POLICY: 'dedicated' } });
    await node.virsh('setvcpus', 'one-1', '3', '--live');
    const { drift } = await node.reconcile();
    expect(drift[0]!.sentence).toMatch(/no dedicated CPU of its cells is free for it, so it shares 1-2/);
    expect(node.vcpus('one-1')[2]).toBe('1-2');
    expect((await node.reconcile()).drift).toEqual([]);
  });
});

describe('a CPU that goes offline', () => {
  const ONLINE = '/sys/devices/system/cpu/online';
  /** As the kernel does: the CPU leaves every list, and the thread falls back to what its parent group has. */
  const takeOff = (cpu: string, vm: string) => {
    const online = Array.from({ length: 32 }, (_, id) => `${id}`)
      .filter(id => id !== cpu)
      .join(',');
    node.put(ONLINE, `${online}\n`);
    const cell = Number(cpu) % 16 < 8 ? 0 : 1;
    node.put(
      `/sys/devices/system/node/node${cell}/cpulist`,
      `${node
        .read(`/sys/devices/system/node/node${cell}/cpulist`)
        .trim()
        .split(',')
        .flatMap(range => {
          const [from, to = from] = range.split('-').map(Number);
          return Array.from({ length: to! - from! + 1 }, (_, id) => `${from! + id}`);
        })
        .filter(id => id !== cpu)
        .join(',')}\n`,
    );
    node.setMask(vm, vcpuTid(vm, 0), online);
  };

  test('is exchanged for a free one of the same cell', async () => {
    open();
    await node.started(1, { vcpus: 1, pinfold: DEDICATED });
    const [own] = node.vcpus('one-1');
    takeOff(own!, 'one-1');
    await isMended('one-1 | cpu-offline | cpu-offline | vCPU 0');
    const [now] = node.vcpus('one-1');
    expect(now).not.toBe(own);
    expect(node.entry('one-1').claim.cells[0]!.pcpus.split(',')).not.toContain(own);
  });

  test('leaves the idle sibling beside it to others, and those of the other cores idle', async () => {
    open();
    const isolate = { HW_CPU_POLICY: 'dedicated', HW_NUMA_NODES: '1', HW_CPU_THREAD_POLICY: 'isolate' };
    await node.started(1, { vcpus: 2, pinfold: isolate });
    const sibling = (cpu: number) => (cpu + 16) % 32;
    const [own] = node.vcpus('one-1').map(Number);
    takeOff(`${own!}`, 'one-1');
    await node.reconcile();
    const run = node.vcpus('one-1').map(Number);
    expect(run).not.toContain(own);
    const [cell] = node.entry('one-1').claim.cells;
    expect([...parseCpuList(cell!.burnt!)]).toEqual(run.map(sibling).sort((a, b) => a - b));
    expect(parseCpuList(cell!.pcpus).has(sibling(own!))).toBe(false);
    expect(parseCpuList(cell!.pcpus).size).toBe(4);
  });

  test('takes the emulator threads that float over it along, and both stay on the new one when it is back', async () => {
    open();
    const alone = { HW_CPU_POLICY: 'dedicated', HW_NUMA_NODES: '1' };
    await node.started(1, { vcpus: 1, pinfold: alone });
    const [own] = node.vcpus('one-1');
    takeOff(own!, 'one-1');
    const { drift } = await node.reconcile();
    expect(drift.map(({ code, repair }) => [code, repair])).toEqual([
      ['cpu-offline', 'done'],
      ['cpu-offline', 'done'],
    ]);
    const { placement, claim } = node.entry('one-1');
    expect(placement!.emulator.cpus).toBe(placement!.pins['0']);
    expect(claim.emulator!.cpus).not.toBe(own);
    expect(node.threads('one-1').every(({ allowed }) => allowed.toString() === node.vcpus('one-1')[0])).toBe(
      true,
    );
    expect((await node.reconcile()).drift).toEqual([]);
  });

  test('is not exchanged for one that shared guests of the cell need', async () => {
    open();
    node.policy('cpu_allocation_ratio: 1\n');
    await node.started(1, { vcpus: 1, pinfold: DEDICATED });
    const cell = node.entry('one-1').placement!.nodeset;
    const free = 16 - node.entry('one-1').claim.cells[0]!.pcpus.split(/[,-]/).length;
    await node.started(2, { vcpus: free, pinfold: { ...SHARED, PINFOLD_CELLS: cell } });
    expect(node.entry('one-2').placement!.nodeset).toBe(cell);
    const [own] = node.vcpus('one-1');
    takeOff(own!, 'one-1');
    const { drift } = await node.reconcile();
    expect(drift[0]!.sentence).toMatch(/no dedicated CPU of its cells is free for it, so it shares/);
  });

  test('is made up for by one that others float over, which they leave in the same run', async () => {
    open();
    await node.started(1, { vcpus: 1, pinfold: DEDICATED });
    const cell = node.entry('one-1').placement!.nodeset;
    await node.started(2, { vcpus: 1, pinfold: { ...SHARED, PINFOLD_CELLS: cell } });
    await node.reconcile();
    takeOff(node.vcpus('one-1')[0]!, 'one-1');
    await node.reconcile();
    const [now] = node.vcpus('one-1');
    expect(parseCpuList(node.vcpus('one-2')[0]!).has(Number(now))).toBe(false);
    expect((await node.reconcile()).drift).toEqual([]);
  });

  test('leaves the sets of guests that float over it, when somebody took it before', async () => {
    open('laptop-1c');
    await node.started(2, { vcpus: 1, pinfold: SHARED });
    await node.started(1, { vcpus: 1, pinfold: { HW_CPU_POLICY: 'dedicated' } });
    const [own] = node.vcpus('one-1');
    expect(parseCpuList(node.vcpus('one-2')[0]!).has(Number(own))).toBe(true);
    const back = takeOffline(node, Number(own));
    // Nothing is left of it in the mask, but the kernel would give it back to whoever's cpuset names it.
    expect(told(await node.reconcile())).toContain(
      'one-2 | shared-set-stale | dedicated-came | floating vCPUs | done',
    );
    expect(parseCpuList(node.entry('one-2').placement!.pins['0']!).has(Number(own))).toBe(false);
    back();
    await node.reconcile();
    expect(parseCpuList(node.vcpus('one-2')[0]!).has(Number(node.vcpus('one-1')[0]))).toBe(false);
  });

  test('is not what emulator threads are pinned to when somebody took the rest of their set', async () => {
    open('laptop-1c');
    await node.started(1, { vcpus: 2, pinfold: { HW_CPU_POLICY: 'mixed', HW_CPU_DEDICATED_MASK: '0' } });
    await node.started(2, { vcpus: 1, pinfold: { HW_CPU_POLICY: 'dedicated' } });
    const [own, taken] = [node.vcpus('one-1')[0]!, node.vcpus('one-2')[0]!];
    const cpus = [own, taken].sort((a, b) => Number(a) - Number(b)).join(',');
    const entries = node
      .ledger()
      .entries.map(entry =>
        entry.vm === 'one-1'
          ? { ...entry, placement: { ...entry.placement!, emulator: { ...entry.placement!.emulator, cpus } } }
          : entry,
      );
    node.put('/run/pinfold/ledger.json', JSON.stringify({ ...node.ledger(), entries }));
    takeOffline(node, Number(own));
    const { drift } = await node.reconcile();
    expect(drift.filter(({ repair }) => repair !== 'done')).toEqual([]);
    expect(node.entry('one-1').placement!.emulator.cpus).toBe(node.vcpus('one-1')[0]);
    expect((await node.reconcile()).drift).toEqual([]);
  });

  test('exchanged for another one is what the guest carries, so that a lost ledger is rebuilt with it', async () => {
    open();
    await node.started(1, { vcpus: 1, pinfold: DEDICATED });
    takeOff(node.vcpus('one-1')[0]!, 'one-1');
    await node.reconcile();
    const before = node.entry('one-1');
    node.node.remove('/run/pinfold/ledger.json');
    expect((await node.reconcile()).drift).toEqual([]);
    expect(node.entry('one-1')).toMatchObject({
      foreign: null,
      claim: before.claim,
      placement: before.placement,
    });
  });

  test('without a free one is told until it is back, and then the thread goes home', async () => {
    open();
    node.policy('cpu_dedicated_set: "1-2"\ncpu_shared_set: "0"\n');
    await node.started(1, { vcpus: 2, pinfold: { HW_CPU_POLICY: 'dedicated' } });
    const [own, other] = node.vcpus('one-1');
    const files = [ONLINE, '/sys/devices/system/node/node0/cpulist'].map(
      path => [path, node.read(path)] as const,
    );
    takeOff(own!, 'one-1');
    expect(told(await node.reconcile())).toEqual(['one-1 | cpu-offline | cpu-offline | vCPU 0 | done']);
    expect(node.vcpus('one-1')).toEqual([other, other]);
    expect(told(await node.reconcile())).toEqual(['one-1 | cpu-offline | cpu-offline | vCPU 0 | none']);
    for (const [path, text] of files) node.put(path, text);
    await isMended('one-1 | vcpu-astray | cpu-back-online | vCPU 0');
    expect(node.vcpus('one-1')).toEqual([own, other]);
  });
});

describe('memory on another cell', () => {
  const move = async (vm: string) => {
    const home = node.entry(vm).placement!.nodeset;
    await node.node.run(['migratepages', `${node.qemu(vm).pid}`, home, home === '0' ? '1' : '0']);
    return home;
  };

  test('goes back where its guest belongs; nothing explains it but a hand', async () => {
    open();
    await node.started(1, { vcpus: 1, pinfold: POOLED });
    const home = await move('one-1');
    await isMended('one-1 | memory-astray | moved-by-hand | memory');
    expect(node.read(`/proc/${node.qemu('one-1').pid}/numa_maps`)).toMatch(new RegExp(` N${home}=256 `));
  });

  test('after its cpuset was widened is bound again', async () => {
    open();
    await node.started(1, { vcpus: 1, pinfold: POOLED });
    await move('one-1');
    const { pid } = node.qemu('one-1');
    for (const path of [`/proc/${pid}/status`, `/proc/${pid}/task/${pid}/status`])
      node.edit(path, /^Mems_allowed_list:.*$/m, 'Mems_allowed_list:\t0-1');
    await isMended('one-1 | memory-astray | memory-cells-changed | memory');
  });

  test('of small pages stays where its own cell is full, which is told, and goes back when there is room', async () => {
    open();
    await node.started(1, { vcpus: 1, memoryMiB: 512, pinfold: DEDICATED });
    const home = await move('one-1');
    const { pid } = node.qemu('one-1');
    for (const path of [`/proc/${pid}/status`, `/proc/${pid}/task/${pid}/status`])
      node.edit(path, /^Mems_allowed_list:.*$/m, 'Mems_allowed_list:\t0-1');
    const meminfo = `/sys/devices/system/node/node${home}/meminfo`;
    const before = node.read(meminfo);
    node.put(meminfo, before.replace(/((?:MemFree|\S+\(file\)|SReclaimable): +)\d+/g, '$10'));
    const { drift } = await node.reconcile();
    expect(drift).toMatchObject([{ code: 'memory-astray', repair: 'failed' }]);
    expect(drift[0]!.sentence).toMatch(/512 MiB stayed where they were: see whether cell \d has room/);
    node.put(meminfo, before);
    expect(told(await node.reconcile())).toEqual(['one-1 | memory-astray | moved-by-hand | memory | done']);
  });

  test('of small pages, where balancing is on and a thread may run there, was balanced away', async () => {
    open();
    await node.started(1, {
      vcpus: 1,
      memoryMiB: 512,
      pinfold: { ...DEDICATED, HW_EMULATOR_THREADS_POLICY: 'share' },
    });
    await move('one-1');
    node.put('/proc/sys/kernel/numa_balancing', '1\n');
    const emulator = node.threads('one-1').find(({ role }) => role === 'emulator')!;
    node.setMask('one-1', emulator.tid, '0-31');
    expect(told(await node.preview())).toContain('one-1 | memory-astray | numa-balancing | memory | planned');
    node.put('/proc/sys/kernel/numa_balancing', '0\n');
    expect(told(await node.preview())).toContain('one-1 | memory-astray | moved-by-hand | memory | planned');
    node.put('/sys/kernel/mm/ksm/run', '1\n');
    expect(told(await node.preview())).toContain('one-1 | memory-astray | ksm | memory | planned');
  });

  test('of a guest with two cells is never put onto one', async () => {
    open();
    await node.started(1, { vcpus: 2, pinfold: { ...POOLED, HW_NUMA_NODES: '2' } });
    await node.node.run(['migratepages', `${node.qemu('one-1').pid}`, '0', '1']);
    const { drift, changes } = await node.reconcile();
    expect(drift).toMatchObject([{ code: 'memory-astray', repair: 'none' }]);
    expect(drift[0]!.sentence).toMatch(/by cell and not by guest cell/);
    expect(changes).toEqual([]);
  });
});

describe('guests of others', () => {
  test('that nobody pinned leave the dedicated CPUs, and get them back when those are free', async () => {
    open();
    await node.started(7, { vcpus: 2, pinfold: null });
    await node.started(1, { vcpus: 2, pinfold: DEDICATED });
    await isMended('one-7 | foreign-over-dedicated | unpinned | all threads');
    const dedicated = node.entry('one-1').claim.cells[0]!.pcpus.split(',');
    expect(node.vcpus('one-7').every(cpus => !cpus.split(',').some(cpu => dedicated.includes(cpu)))).toBe(
      true,
    );
    await node.virsh('destroy', 'one-1');
    await isMended(
      'one-1 | entry-stale | process-gone | ledger entry',
      'one-7 | shared-set-stale | dedicated-left | all threads',
    );
    expect(node.vcpus('one-7')).toEqual(['0-31', '0-31']);
  });

  test('with pins of their own are told and left alone', async () => {
    open();
    await node.started(7, { vcpus: 1, pinfold: null });
    await node.started(1, { vcpus: 1, pinfold: DEDICATED });
    const [own] = node.vcpus('one-1');
    await node.virsh('vcpupin', 'one-7', '0', own!, '--live');
    await node.virsh('emulatorpin', 'one-7', own!, '--live');
    const { drift, changes } = await node.reconcile();
    expect(told({ drift } as never)).toEqual(['one-7 | pins-collide | pinned-by-hand | all threads | none']);
    expect(drift[0]!.sentence).toContain(`${own} is dedicated to one-1`);
    expect(changes).toEqual([]);
    expect(node.vcpus('one-7')).toEqual([own]);
  });
});

describe('guests without the placement that they ask for', () => {
  test('that started floating get it when there is room', async () => {
    open('laptop-1c');
    await node.started(1, { vcpus: 3, pinfold: { HW_CPU_POLICY: 'dedicated' } });
    const float = { HW_CPU_POLICY: 'dedicated', ON_REFUSAL: 'float' };
    expect((await node.start(2, { vcpus: 3, pinfold: float })).stderr).toMatch(
      /starts without CPUs of its own/,
    );
    expect(told(await node.preview())).toEqual(['one-2 | guest-unplaced | floated | all threads | none']);
    await node.virsh('destroy', 'one-1');
    const { drift } = await node.reconcile();
    expect(drift.map(({ code, repair }) => [code, repair])).toContainEqual(['guest-unplaced', 'done']);
    expect(new Set(node.vcpus('one-2')).size).toBe(3);
    expect((await node.reconcile()).drift).toEqual([]);
  });

  test('that came from another host are placed by what they brought along, off the CPUs of those that are there', async () => {
    open();
    await node.started(1, { vcpus: 2, pinfold: POOLED });
    const { domains } = node.call('', []);
    const { request } = node.entry('one-1');
    const carried = { vm: 'one-1', request: request!, onRefusal: 'strict', profile: null } as const;
    const xml = await travellingXml((await domains.migratableXml('one-1'))!, carried);
    expect(xml).not.toMatch(/vcpupin|numatune/);
    node.remove();
    open();
    await node.started(5, { vcpus: 2, pinfold: DEDICATED });
    node.put('/tmp/arrived.xml', xml.replace(/ id='\d+'/, ''));
    await node.virsh('create', '/tmp/arrived.xml');
    await isMended(
      'one-1 | guest-unplaced | migrated-in | all threads',
      'one-1 | foreign-over-dedicated | unpinned | all threads',
    );
    const [, ...others] = [...node.vcpus('one-5'), ...node.vcpus('one-1')];
    expect(new Set(others).size).toBe(3);
    expect(node.entry('one-1')).toMatchObject({ foreign: null, placement: { nodeset: expect.any(String) } });
    // Its memory can be moved like that of a guest which was started here, more than once.
    for (const cell of ['0', '1', '0'])
      expect(await node.node.run(['virsh', 'numatune', 'one-1', '--nodeset', cell, '--live'])).toMatchObject({
        code: 0,
      });
  });

  test('whose ledger is lost are taken back by what they carry, also while only one CPU is left for what floats', async () => {
    open();
    node.policy('cpu_dedicated_set: "1-2"\ncpu_shared_set: "0"\n');
    await node.started(1, { vcpus: 2, pinfold: { HW_CPU_POLICY: 'mixed', HW_CPU_DEDICATED_MASK: '0' } });
    expect(node.vcpus('one-1')).toEqual(['1', '0']);
    const before = node.entry('one-1');
    node.node.remove('/run/pinfold/ledger.json');
    expect(await node.reconcile()).toMatchObject({ drift: [], changes: [] });
    expect(node.entry('one-1')).toMatchObject({ foreign: null, claim: before.claim });
  });

  test('that were started again without their pins go back to where they were', async () => {
    open();
    await node.started(1, { vcpus: 2, pinfold: DEDICATED });
    const before = node.vcpus('one-1');
    await node.virsh('destroy', 'one-1');
    node.put(
      '/tmp/again.xml',
      `<domain type='kvm'><name>one-1</name><vcpu>2</vcpu><memory>524288</memory></domain>`,
    );
    await node.virsh('create', '/tmp/again.xml');
    await isMended('one-1 | guest-unplaced | restarted | all threads');
    expect(node.vcpus('one-1')).toEqual(before);
    expect(node.entry('one-1').process).toBe(node.qemu('one-1').process);
  });
});

describe('what fights Pinfold', () => {
  test('is named after three repairs of the same thing, and left alone until an hour has gone', async () => {
    open();
    await node.started(2, { vcpus: 1, pinfold: SHARED });
    node.put('/proc/77/comm', 'numad\n');
    const takeAway = () => node.node.run(['taskset', '-pc', '3', `${vcpuTid('one-2', 0)}`]);
    for (let round = 1; round <= 3; round += 1) {
      await takeAway();
      expect(told(await node.reconcile())).toEqual(['one-2 | vcpu-astray | pinned-by-hand | vCPU 0 | done']);
      node.seconds += 60;
    }
    await takeAway();
    const { drift, changes } = await node.reconcile();
    expect([drift[0]!.repair, changes]).toEqual(['none', []]);
    expect(drift[0]!.sentence).toMatch(/mended 3 times within an hour .* numad works against Pinfold/);
    expect(node.vcpus('one-2')).toEqual(['3']);
    node.seconds += 3600;
    expect(told(await node.reconcile())).toEqual(['one-2 | vcpu-astray | pinned-by-hand | vCPU 0 | done']);
  });
});
