import { textTreeOf } from '../text-tree.ts';
import { parseCpuList } from '../../domain/cpu-list.ts';
import { cgroupFile } from './cgroup-file.ts';
import { isPartitionOf, parsePartitionState } from './partition-state.ts';

test.each([
  ['root\n', { kind: 'root' }],
  ['isolated\n', { kind: 'isolated' }],
  ['member\n', { kind: 'member' }],
  [null, { kind: 'absent' }],
  ['root invalid\n', { kind: 'invalid', reason: '' }],
  [
    'root invalid (cpuset.cpus and cpuset.cpus.exclusive are empty)\n',
    { kind: 'invalid', reason: 'cpuset.cpus and cpuset.cpus.exclusive are empty' },
  ],
  [
    'isolated invalid (Cpu list in cpuset.cpus not exclusive)\n',
    { kind: 'invalid', reason: 'Cpu list in cpuset.cpus not exclusive' },
  ],
  ['a word of a later kernel', { kind: 'invalid', reason: 'a word of a later kernel' }],
  ['', { kind: 'invalid', reason: '' }],
])('%j is read as the kernel means it', (text, state) => {
  expect(parsePartitionState(text)).toEqual(state);
});

test('a partition counts only with exactly its CPUs', () => {
  const held = (partition: string, effective: string) =>
    isPartitionOf(
      textTreeOf(
        new Map([
          [cgroupFile('/a', 'cpuset.cpus.partition'), partition],
          [cgroupFile('/a', 'cpuset.cpus.effective'), effective],
        ]),
      ),
      '/a',
      parseCpuList('2-3'),
    );
  expect([held('root\n', '2-3\n'), held('isolated\n', '2-3\n')]).toEqual([true, true]);
  expect([held('root\n', '2\n'), held('root\n', '2-4\n'), held('member\n', '2-3\n')]).toEqual([
    false,
    false,
    false,
  ]);
  expect(held('root\n', 'garbage')).toBe(false);
});
