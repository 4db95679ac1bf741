import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { causeOfCpuset, causeOfMask } from './cause-of-mask.ts';
import type { Observed, SeenGuest, SeenThread } from './observed.ts';

const set = parseCpuList;
const guest = { startTicks: 1000 } as SeenGuest;
const seen = { offlineBefore: CpuSet.EMPTY } as Observed;

/** A thread in libvirt's own cgroup of it, or in a scope that it shares with others. */
const thread = (
  allowed: string,
  asked: string | null,
  rest: { effective?: string; shared?: boolean; ticks?: number } = {},
) =>
  ({
    allowed: set(allowed),
    startTicks: rest.ticks ?? 1010,
    cpuset: {
      group: rest.shared === true ? '/qemu.slice/101.scope' : '/machine.slice/x.scope/libvirt/vcpu0',
      asked: asked === null ? null : set(asked),
      effective: set(rest.effective ?? asked ?? '0-7'),
    },
  }) as SeenThread;
const cause = (one: SeenThread, wanted: string, before = '') =>
  causeOfMask(one, set(wanted), { guest, seen: { ...seen, offlineBefore: set(before) } });

describe('the cause of a mask, on a host with CPUs 0-7', () => {
  test.each([
    ['a hand, where its cpuset is as decided', thread('2', '2-3'), '2-3', 'pinned-by-hand'],
    ['a wider cpuset, where the thread went along', thread('2-3', '2-3'), '2', 'cpuset-widened'],
    [
      'a hand, where the cpuset is wider but the thread stays within what was decided',
      thread('2', '0-5'),
      '2-3',
      'pinned-by-hand',
    ],
    ['a narrower cpuset', thread('2', '2'), '2-3', 'cpuset-narrowed'],
    ['another cpuset', thread('5', '5'), '2', 'cpuset-changed'],
    [
      'a group above that does not hold the CPU',
      thread('0-1', '2', { effective: '0-1' }),
      '2',
      'cpuset-narrowed',
    ],
    ['a scope that was narrowed', thread('0-1', '0-1', { shared: true }), '2', 'cpuset-narrowed'],
    ['a hand in a scope without limits', thread('5', null, { shared: true }), '2', 'pinned-by-hand'],
    [
      'nothing that can be told, when the whole scope is its mask',
      thread('0-7', null, { shared: true }),
      '2',
      'unknown',
    ],
    [
      'its late birth, when the whole scope is its mask',
      thread('0-7', null, { shared: true, ticks: 90_000 }),
      '2',
      'new-thread',
    ],
    [
      'a hand, however late its birth',
      thread('5', null, { shared: true, ticks: 90_000 }),
      '2',
      'pinned-by-hand',
    ],
    ['nothing that can be told without a cpuset', { ...thread('5', null), cpuset: null }, '2', 'unknown'],
  ])('is %s', (_words, one, wanted, expected) => {
    expect(cause(one, wanted)).toBe(expected);
  });

  test('is the CPU that was offline, whatever else there is', () => {
    expect(cause(thread('0-7', null, { shared: true }), '2', '2,5')).toBe('cpu-back-online');
    expect(cause(thread('0-7', null, { shared: true }), '2', '5')).toBe('unknown');
  });

  test('is looked for in the cpuset only where that is the thread’s own', () => {
    expect(causeOfCpuset(thread('2', '0-7'), set('2'))).toBe('cpuset-widened');
    expect(causeOfCpuset(thread('2', null), set('2'))).toBe('cpuset-widened');
    expect(causeOfCpuset(thread('2', '2'), set('2'))).toBeNull();
    expect(causeOfCpuset(thread('2', '0-7', { shared: true }), set('2'))).toBeNull();
  });
});
