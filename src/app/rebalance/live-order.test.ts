import type { Placement } from '../../domain/decision.ts';
import type { LedgerEntry } from '../../domain/ledger.ts';
import type { NodePort } from '../ports.ts';
import { plainGuest } from '../../testing/plain-guest.ts';
import { liveOrder } from './live-order.ts';

/** A QEMU whose vCPU threads have these masks now. */
function nodeWith(masks: readonly string[]): NodePort {
  const files = new Map<string, string>();
  masks.forEach((mask, vcpu) => {
    files.set(`/proc/7/task/${10 + vcpu}/status`, `Cpus_allowed_list:\t${mask}\n`);
    files.set(`/proc/7/task/${10 + vcpu}/comm`, `CPU ${vcpu}/KVM\n`);
  });
  return {
    name: 'made-up',
    files: {
      read: (path: string) => files.get(path) ?? null,
      list: () => masks.map((_, vcpu) => `${10 + vcpu}`),
    },
    run: () => Promise.reject(new Error('nothing runs here')),
    writeAtomically: () => undefined,
    remove: () => undefined,
  } as unknown as NodePort;
}

const spec = plainGuest({ vm: 'g', vcpus: 2 });
const placement = (pins: Readonly<Record<string, string>>): Placement => ({
  cells: [{ guestCell: 0, hostCell: 0, vcpus: '0-1', memoryMiB: 64, pageSizeKiB: null }],
  pins,
  emulator: { policy: 'float', cpus: '0-1', atStart: '0-1', share: 0 },
  iothreads: {},
  realtime: null,
  topology: { sockets: 2, cores: 1, threads: 1 },
  memoryMode: 'restrictive',
  nodeset: '0',
  devices: [],
  cost: { dedicated: 2, shared: 0, emulator: 0, total: 2 },
});

function entryHolding(pcpus: string): LedgerEntry {
  const cell = { hostCell: 0, pcpus, sharedVcpus: 0, memoryMiB: 64, pageSizeKiB: null, pages: 16384 };
  const claim = { vm: 'g', source: 'observed' as const, cells: [cell] };
  return { vm: 'g', claim, process: '7:1', marker: null, placement: null, foreign: null };
}

const orderFrom = (masks: readonly string[], pcpus: string) =>
  liveOrder(nodeWith(masks), { entry: entryHolding(pcpus), spec, to: placement({ 0: '1', 1: '0' }) })?.map(
    ({ index, cpus }) => [index, cpus],
  ) ?? null;

test('a change that was interrupted goes on from where its threads are', () => {
  expect(orderFrom(['1', '4'], '0-1,4')).toEqual([[1, '0']]);
  expect(orderFrom(['1', '0'], '0-1,4')).toEqual([]);
});

test('threads in a circle step aside onto a CPU that the guest holds, and stay where it holds none more', () => {
  expect(orderFrom(['0', '1'], '0-1,4')).toEqual([
    [0, '4'],
    [1, '0'],
    [0, '1'],
  ]);
  expect(orderFrom(['0', '1'], '0-1')).toBeNull();
});
