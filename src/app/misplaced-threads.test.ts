import { parseCpuList } from '../domain/cpu-list.ts';
import type { Placement } from '../domain/decision.ts';
import type { QemuThread } from '../formats/proc/qemu-threads.ts';
import { describeMisplaced, misplacedThreads } from './misplaced-threads.ts';

const placement = {
  pins: { '0': '4', '1': '5' },
  iothreads: { '1': '0-1' },
  emulator: { policy: 'share', cpus: '0-1', atStart: '0-1,4', share: 0 },
} as unknown as Placement;
const thread = (role: QemuThread['role'], index: number | null, cpus: string): QemuThread => ({
  tid: 1,
  role,
  index,
  allowed: parseCpuList(cpus),
});
const right = [
  thread('emulator', null, '0-1'),
  thread('vcpu', 0, '4'),
  thread('vcpu', 1, '5'),
  thread('iothread', 1, '0-1'),
];

test('a guest whose threads are all where they were decided has none misplaced', () => {
  expect(misplacedThreads(right, placement)).toEqual([]);
});

test('an emulator thread on fewer CPUs than decided is where it should be', () => {
  expect(misplacedThreads([...right, thread('emulator', null, '1')], placement)).toEqual([]);
});

test.each([
  ['a vCPU elsewhere', [thread('vcpu', 1, '6')], 'vCPU 1 on 6 instead of 5'],
  ['a vCPU on more than its CPU', [thread('vcpu', 1, '5-6')], 'vCPU 1 on 5-6 instead of 5'],
  ['an iothread elsewhere', [thread('iothread', 1, '0-7')], 'iothread 1 on 0-7 instead of 0-1'],
  [
    'emulator threads left wide',
    [thread('emulator', null, '0-1,4')],
    'emulator threads on 0-1,4 instead of 0-1',
  ],
])('%s is named', (_, wrong, words) => {
  const others = right.filter(({ role, index }) => role !== wrong[0]!.role || index !== wrong[0]!.index);
  expect(misplacedThreads([...others, ...wrong], placement).map(describeMisplaced)).toEqual([words]);
});

test('a vCPU without a thread is named', () => {
  expect(misplacedThreads(right.slice(0, 2), placement).map(describeMisplaced)).toEqual([
    'vCPU 1 not found',
    'iothread 1 not found',
  ]);
});
