import type { Claim } from '../domain/claim.ts';
import type { Placement, Refusal } from '../domain/decision.ts';
import type { Host } from '../domain/host.ts';
import type { HostPolicy } from '../domain/host-policy.ts';
import type { PlacementRequest } from '../domain/placement-request.ts';
import { hostOf } from '../machines/host-of.ts';
import { namedMachine } from '../machines/named-machines.ts';
import { claimOf } from './claim-of.ts';
import { decide } from './decide.ts';
import { buildHostModel } from './host-model.ts';
import { checkPolicy } from './request/check-policy.ts';
import { readRequest } from './request/read-request.ts';
import { usageOf } from './usage.ts';

const dual = (policy: HostPolicy = {}, claims: readonly Claim[] = []) =>
  hostOf(namedMachine('dual-socket-smt'), policy, claims);

function guest(
  vcpus: number,
  extraSpecs: Readonly<Record<string, string>> = {},
  more: Partial<PlacementRequest> = {},
): PlacementRequest {
  return {
    kind: 'pinfold/request',
    version: 1,
    vm: more.vm ?? 'vm',
    vcpus,
    memoryMiB: 1024 * vcpus,
    extraSpecs: { 'hw:cpu_policy': 'dedicated', ...extraSpecs },
    ...more,
  };
}

function placed(host: Host, request: PlacementRequest): Placement {
  const decision = decide(buildHostModel(host), request);
  if (!('placement' in decision) || decision.placement === null) throw new Error(JSON.stringify(decision));
  return decision.placement;
}

function refused(host: Host, request: PlacementRequest): Refusal {
  const decision = decide(buildHostModel(host), request);
  if (!('refusal' in decision)) throw new Error(JSON.stringify(decision));
  return decision.refusal;
}

/** The host with these guests started on it one after the other. */
function started(host: Host, ...requests: readonly PlacementRequest[]): Host {
  return requests.reduce((now, request, index) => {
    const model = buildHostModel(now);
    const read = readRequest(request);
    if (!read.ok) throw new Error(read.error.summary);
    const spec = { ...read.spec, vm: `guest-${index}` };
    const claim = claimOf(model, { placement: placed(now, request), spec, source: 'observed' });
    return { ...now, claims: [...now.claims, claim] };
  }, host);
}

const held = (
  hostCell: number,
  pcpus: string,
  more: Partial<Claim['cells'][number]> = {},
  vm = `held-${pcpus}`,
): Claim => ({
  vm,
  source: 'observed',
  cells: [{ hostCell, pcpus, sharedVcpus: 0, memoryMiB: 0, pageSizeKiB: null, pages: 0, ...more }],
});

describe('dedicated CPUs on a two-socket machine with SMT (cell 0: 0-7,16-23)', () => {
  test('two vCPUs are siblings, and the guest is told so', () => {
    const placement = placed(dual(), guest(2));
    expect(placement.pins).toEqual({ '0': '0', '1': '16' });
    expect(placement.topology).toEqual({ sockets: 1, cores: 1, threads: 2 });
  });

  test('under pack one vCPU takes the half-used core of the fuller cell, under spread the emptier cell', () => {
    const claims = [held(1, '8')];
    expect(placed(dual({ strategy: 'pack' }, claims), guest(1)).pins).toEqual({ '0': '24' });
    expect(placed(dual({ strategy: 'spread' }, claims), guest(1)).pins).toEqual({ '0': '0' });
  });

  test('isolate takes one thread of whole cores and claims them', () => {
    const host = dual({ strategy: 'pack' }, [held(0, '0')]);
    const after = started(host, guest(2, { 'hw:cpu_thread_policy': 'isolate', 'pinfold:cells': '0' }));
    expect(after.claims[1]?.cells[0]?.pcpus).toBe('1-2,17-18');
  });

  test('isolate with an isolated emulator never uses a half-used core', () => {
    const host = dual({}, [held(0, '0-6,16-21'), held(1, '8-15,24-31')]);
    const refusal = refused(
      host,
      guest(1, { 'hw:cpu_thread_policy': 'isolate', 'hw:emulator_threads_policy': 'isolate' }),
    );
    expect(refusal.cells[0]).toMatchObject({
      hostCell: 0,
      constraint: 'emulator-cpu',
      needed: 2,
      available: 1,
    });
    expect(refusal.hint).toBe('It fits with hw:cpu_thread_policy=prefer.');
  });

  test('a guest held to a full cell is told of that cell, not of the one that it may not use', () => {
    const host = dual({}, [held(1, '8-15,24-31')]);
    const refusal = refused(host, guest(4, { 'pinfold:cells': '1' }));
    expect(refusal.summary).toMatch(/^The guest needs 4 .* host cell 1/);
    expect(refusal.cells.map(({ constraint }) => constraint)).toContain('allowed-cells');
    expect(refusal.hint).toBe('It fits with all host cells (pinfold:cells unset).');
  });

  test('require keeps pairs together and puts an odd vCPU on a half-used core', () => {
    const host = dual({ strategy: 'pack' }, [held(0, '0')]);
    const { pins } = placed(host, guest(3, { 'hw:cpu_thread_policy': 'require', 'pinfold:cells': '0' }));
    expect(pins).toEqual({ '0': '1', '1': '17', '2': '16' });
  });

  test('separate uses one thread a core and leaves the siblings to others', () => {
    const after = started(dual({ strategy: 'pack' }), guest(2, { 'pinfold:threads': 'separate' }));
    expect(after.claims[0]?.cells[0]?.pcpus).toBe('0-1');
    expect(placed(after, guest(2, { 'pinfold:threads': 'separate' })).pins).toEqual({ '0': '16', '1': '17' });
  });

  test('a guest larger than its cells is split only when the profile allows it', () => {
    expect(refused(dual(), guest(20)).hint).toBe('It fits with hw:numa_nodes=2.');
    const placement = placed(dual(), guest(20, { 'pinfold:auto_numa': 'true' }));
    expect(placement.cells.map(cell => [cell.hostCell, cell.vcpus])).toEqual([
      [0, '0-9'],
      [1, '10-19'],
    ]);
    expect(placement.memoryMode).toBe('strict');
  });
});

describe('emulator threads', () => {
  const pool: HostPolicy = { strategy: 'pack', emulator_overcommit_ratio: 3, cpu_dedicated_set: '0-31' };
  const isolate = (vcpus: number) => guest(vcpus, { 'hw:emulator_threads_policy': 'isolate' });

  test('three guests share a pool CPU at ratio 3, the fourth opens another, and the pool shrinks again', () => {
    const after = started(dual(pool), isolate(1), isolate(1), isolate(1), isolate(1));
    const cpus = after.claims.map(claim => claim.emulator?.cpus);
    expect(new Set(cpus.slice(0, 3)).size).toBe(1);
    expect(cpus[3]).not.toBe(cpus[0]);
    expect(after.claims[0]?.emulator?.share).toBeCloseTo(1 / 3);
    const left = { ...after, claims: after.claims.slice(3) };
    expect(placed(left, isolate(1)).emulator.cpus).toBe(cpus[3]);
  });

  test('a new pool CPU stacks on the core of a full one, which vCPUs leave to it', () => {
    const full = [1, 2, 3].map(index => ({
      ...held(0, '4', {}, `pool-${index}`),
      emulator: { policy: 'isolate', cpus: '4', share: 1 / 3 } as const,
    }));
    const placement = placed(dual(pool, [...full, held(0, '0')]), isolate(2));
    expect(placement.emulator.cpus).toBe('20');
    expect(Object.values(placement.pins)).not.toContain('20');
  });

  test('a second isolate guest joins the pool CPU beside which the first burnt the sibling, and burns it too', () => {
    const alone = guest(1, {
      'hw:emulator_threads_policy': 'isolate',
      'hw:cpu_thread_policy': 'isolate',
      'pinfold:cells': '0',
    });
    const after = started(dual(pool), alone, alone);
    expect(
      after.claims.map(claim => [claim.cells[0]?.pcpus, claim.cells[0]?.burnt, claim.emulator?.cpus]),
    ).toEqual([
      ['0-1,16-17', '16-17', '1'],
      ['1-2,17-18', '17-18', '1'],
    ]);
    const left = { ...after, claims: after.claims.slice(1) };
    expect(started(left, guest(2, { 'pinfold:cells': '0' })).claims[1]?.cells[0]?.pcpus).toBe('0,16');
  });

  test('nobody with thread policy isolate joins a pool CPU whose sibling is held without being burnt', () => {
    const held = { hostCell: 0, pcpus: '4,20', sharedVcpus: 0, memoryMiB: 0, pageSizeKiB: null, pages: 0 };
    const emulator = { policy: 'isolate', cpus: '4', share: 1 / 3 } as const;
    const host = (burnt?: string) =>
      dual(pool, [
        {
          vm: 'first',
          source: 'observed',
          cells: [{ ...held, ...(burnt === undefined ? {} : { burnt }) }],
          emulator,
        },
      ]);
    const second = guest(1, {
      'hw:emulator_threads_policy': 'isolate',
      'hw:cpu_thread_policy': 'isolate',
      'pinfold:cells': '0',
    });
    expect(placed(host('20'), second).emulator.cpus).toBe('4');
    expect(placed(host(''), second).emulator.cpus).not.toBe('4');
    expect(placed(host(), second).emulator.cpus).not.toBe('4');
  });

  test('with ratio 1 each guest gets a CPU of its own', () => {
    const after = started(dual({ strategy: 'pack' }), isolate(1), isolate(1));
    const cpus = after.claims.map(claim => claim.emulator?.cpus);
    expect(new Set(cpus).size).toBe(2);
    expect(placed(dual(), isolate(4)).cost).toEqual({ dedicated: 4, shared: 0, emulator: 1, total: 5 });
  });

  test('emulator_pin_set gives the near CPU first, then the far one, then refuses', () => {
    const host = dual({ emulator_pin_set: '0,8', strategy: 'pack' });
    const one = started(host, guest(1, { 'hw:emulator_threads_policy': 'isolate', 'pinfold:cells': '1' }));
    expect(one.claims[0]?.emulator?.cpus).toBe('8');
    const two = started(one, guest(1, { 'hw:emulator_threads_policy': 'isolate', 'pinfold:cells': '1' }));
    expect(two.claims[1]?.emulator?.cpus).toBe('0');
    expect(refused(two, isolate(1)).code).toBe('emulator-pool-full');
  });

  test('share stays on the guest’s own cells and starts with a CPU of every memory cell', () => {
    const host = dual({ cpu_shared_set: '0,16,8', cpu_dedicated_set: '1-7,9-15,17-31' });
    const near = placed(host, guest(2, { 'hw:emulator_threads_policy': 'share', 'pinfold:cells': '1' }));
    expect(near.emulator).toEqual({ policy: 'share', cpus: '8', atStart: '8', share: 0 });
    const far = placed(
      dual({ cpu_shared_set: '0', cpu_dedicated_set: '1-31' }),
      guest(2, { 'hw:emulator_threads_policy': 'share', 'pinfold:cells': '1' }),
    );
    expect(far.emulator.cpus).toBe('0');
    expect(far.emulator.atStart).toBe('0,8');
  });

  test('emulator threads are never left alone with realtime vCPUs, which would give them no time', () => {
    const realtime = guest(2, { 'hw:cpu_realtime': 'yes', 'hw:emulator_threads_policy': 'share' });
    const refusal = refused(dual(), realtime);
    expect(refusal.code).toBe('emulator-needs-shared-set');
    expect(refusal.summary).toMatch(/^All 2 vCPUs are realtime, .* this host has no cpu_shared_set: .*\.$/);
    expect(refusal.hint).toBe('It fits with hw:emulator_threads_policy=isolate.');
    const shared = dual({ cpu_shared_set: '0', cpu_dedicated_set: '1-31' });
    expect(placed(shared, realtime).emulator.cpus).toBe('0');
    const inPinSet = dual({ vcpu_pin_set: '0-31', cpu_shared_set: '0-1' });
    expect(refused(inPinSet, realtime).summary).toContain('none to spare');
    expect(
      placed(dual(), guest(2, { ...realtime.extraSpecs, 'hw:cpu_realtime_mask': '^0' })).emulator.cpus,
    ).toBe('0');
  });

  test('iothreads go with the emulator, or get CPUs of their own', () => {
    const plain = placed(dual(), guest(2, {}, { iothreads: 2 }));
    expect(plain.iothreads).toEqual({ '1': '0,16', '2': '0,16' });
    const own = placed(dual(), guest(2, { 'pinfold:iothreads': 'isolate' }, { iothreads: 2 }));
    expect(Object.values(own.iothreads)).toEqual(['1', '17']);
    expect(own.cost.dedicated).toBe(4);
  });
});

describe('shared vCPUs', () => {
  test('float over their cell’s shared CPUs, never over a dedicated one', () => {
    const host = dual({ strategy: 'pack' }, [held(0, '0-1')]);
    const placement = placed(
      host,
      guest(2, { 'hw:cpu_policy': 'shared', 'hw:numa_nodes': '1', 'pinfold:cells': '0' }),
    );
    expect(placement.pins).toEqual({ '0': '2-7,16-23', '1': '2-7,16-23' });
    expect(placement.cost).toEqual({ dedicated: 0, shared: 0.5, emulator: 0, total: 0.5 });
  });

  test('a dedicated guest that would starve them is refused with the numbers', () => {
    const busy = [held(0, '', { sharedVcpus: 60 }), held(1, '', { sharedVcpus: 64 })];
    const refusal = refused(dual({}, busy), guest(2));
    expect(refusal.code).toBe('shared-guests-need-cpus');
    expect(refusal.summary).toContain('60 shared vCPUs');
  });

  test('nothing is placed where nothing is asked', () => {
    const decision = decide(buildHostModel(dual()), guest(2, { 'hw:cpu_policy': 'shared' }));
    expect(decision).toMatchObject({ fits: true, placement: null });
  });
});

describe('memory and pages', () => {
  test('a page pool that is too small is refused with its pages', () => {
    const refusal = refused(dual(), guest(2, { 'hw:mem_page_size': '1GB' }, { memoryMiB: 8192 }));
    expect(refusal.cells.map(row => [row.constraint, row.needed, row.available])).toEqual([
      ['pages', 8, 4],
      ['pages', 8, 4],
    ]);
  });

  test('what the host reserves is not given away', () => {
    const most = guest(2, {}, { memoryMiB: 40000 });
    expect(placed(dual({ reserved_host_memory_mb: 40000 }), most).cells).toHaveLength(1);
    expect(refused(dual({ reserved_host_memory_mb: 50000 }), most).code).toBe('host-memory-reserved');
    const pages = guest(2, { 'hw:mem_page_size': '2MB' }, { memoryMiB: 16384 });
    const reserved = ['node:0,size:2048,count:1', 'node:1,size:2048,count:1'];
    expect(refused(dual({ reserved_huge_pages: reserved }), pages).cells[0]).toMatchObject({
      needed: 8192,
      available: 8191,
    });
  });

  test.each([
    'count:1,size:2MB,node:0',
    ' size: 2048KiB , node: 0,count: 1 ',
    'node:0,size:0.001953125GB,count:1',
  ])('pages are reserved in every spelling that the policy may use: %j', reserved => {
    const pages = guest(2, { 'hw:mem_page_size': '2MB', 'pinfold:cells': '0' }, { memoryMiB: 16384 });
    expect(placed(dual(), pages).cells[0]?.pageSizeKiB).toBe(2048);
    const host = dual({ reserved_huge_pages: [reserved] });
    expect(checkPolicy(host)).toEqual([]);
    expect(refused(host, pages).cells[0]).toMatchObject({ needed: 8192, available: 8191 });
  });

  test('QEMU’s own memory is claimed beside huge pages', () => {
    const after = started(dual({ overhead_mb_per_guest: 100 }), guest(2, { 'hw:mem_page_size': '2MB' }));
    expect(after.claims[0]?.cells.map(cell => [cell.pageSizeKiB, cell.pages])).toEqual([
      [2048, 1024],
      [null, 25600],
    ]);
  });
});

describe('several cells', () => {
  test('guest cells stay in one socket of an eight-cell machine', () => {
    const host = hostOf(namedMachine('epyc-nps4'), { strategy: 'pack' }, [
      held(0, '0-7,64-71'),
      held(1, '8'),
    ]);
    const { nodeset } = placed(host, guest(16, { 'hw:numa_nodes': '4' }));
    expect(nodeset).toBe('4-7');
  });

  test('the tightest cache domain that holds the guest is filled first', () => {
    const host = hostOf(namedMachine('epyc-nps4'), { strategy: 'pack' }, [held(0, '0-1,64-65')]);
    expect(Object.values(placed(host, guest(4)).pins)).toEqual(['2', '66', '3', '67']);
  });

  test('pinfold:cache=require refuses what would span cache domains', () => {
    const host = hostOf(namedMachine('epyc-nps4'));
    expect(refused(host, guest(10, { 'pinfold:cache': 'require' })).cells[0]).toMatchObject({
      constraint: 'cache-domain',
      needed: 10,
      available: 8,
    });
  });

  test('a device decides the cell before anything else', () => {
    const host = hostOf(namedMachine('epyc-nps4'), { strategy: 'pack' }, [held(0, '0-1')]);
    const device = host.topology.devices[1]!;
    const asked = guest(2, {}, { devices: [{ address: device.address }] });
    expect(placed(host, asked)).toMatchObject({ nodeset: '5', devices: [device.address] });
    const taken = started(host, asked);
    expect(refused(taken, asked).code).toBe('devices-not-free');
  });

  test('a guest cell without vCPUs may live on a memory-only cell', () => {
    const host = hostOf(namedMachine('memory-only-cell'));
    const request = guest(
      2,
      {
        'hw:numa_nodes': '2',
        'hw:numa_cpus.0': '0-1',
        'hw:numa_mem.0': '1024',
        'hw:numa_cpus.1': '',
        'hw:numa_mem.1': '102400',
      },
      { memoryMiB: 103424 },
    );
    expect(placed(host, request).cells[1]).toMatchObject({ hostCell: 4, vcpus: '' });
  });
});

describe('what the carrier and the operator learn', () => {
  test('Proxmox VE is not told threads, and a wish for them is refused by name', () => {
    expect(placed(dual(), guest(4, {}, { carrier: 'proxmox' })).topology.threads).toBe(1);
    const refusal = refused(dual(), guest(4, { 'hw:cpu_threads': '2' }, { carrier: 'proxmox' }));
    expect(refusal).toMatchObject({
      code: 'carrier-cannot',
      summary: expect.stringContaining('hw:cpu_threads'),
    });
  });

  test('why names the choice and the runner-up', () => {
    const decision = decide(buildHostModel(dual({ strategy: 'pack' }, [held(1, '8')])), guest(1));
    expect('why' in decision && decision.why[0]).toBe(
      'Host cell 1 chosen over host cell 0: fewer whole cores are broken (0 against 1).',
    );
  });

  test('usage bills what the placement cost, also where a guest burns siblings', () => {
    const isolate = guest(
      2,
      {
        'hw:emulator_threads_policy': 'isolate',
        'hw:cpu_thread_policy': 'isolate',
        'pinfold:iothreads': 'isolate',
      },
      { iothreads: 1 },
    );
    const host = dual({ emulator_overcommit_ratio: 4, cpu_dedicated_set: '0-31' });
    const { cost } = placed(host, isolate);
    const usage = usageOf(started(host, isolate));
    expect(usage.guests[0]?.cost).toEqual(cost);
    expect(cost).toEqual({ dedicated: 3, shared: 0, emulator: 0.25, total: 3.25 });
    expect(usage.used.dedicatedCpus).toBe(8);
  });

  test('usage bills each guest for what it holds', () => {
    const host = started(
      dual({ emulator_overcommit_ratio: 4, cpu_dedicated_set: '0-31' }),
      guest(2, { 'hw:emulator_threads_policy': 'isolate' }),
    );
    expect(usageOf(host)).toMatchObject({
      capacity: { dedicatedCpus: 32 },
      used: { dedicatedCpus: 3 },
      cost: 2.25,
    });
  });
});
