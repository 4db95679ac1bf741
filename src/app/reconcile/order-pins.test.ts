import fc from 'fast-check';
import { CpuSet } from '../../domain/cpu-set.ts';
import { orderPins, type PinStep, type PinTask } from './order-pins.ts';

const task = (key: string, from: string | number[], to: number[], rest: Partial<PinTask> = {}): PinTask => ({
  key,
  vm: key,
  from: CpuSet.of(from as number[]),
  to: CpuSet.of(to),
  exclusive: true,
  aside: CpuSet.EMPTY,
  ...rest,
});
const names = (steps: readonly PinStep[]) => steps.map(({ task: { key }, to }) => `${key} ${to.toString()}`);

/** Pairs of threads of different guests that stand on one CPU together, after each step. */
function pairsTogether(tasks: readonly PinTask[], steps: readonly PinStep[]): ReadonlySet<string>[] {
  const now = new Map(tasks.map(({ key, from }) => [key, from]));
  const pairs = () =>
    new Set(
      tasks.flatMap(one =>
        tasks
          .filter(other => other.key < one.key && other.vm !== one.vm)
          .filter(other => now.get(one.key)!.intersects(now.get(other.key)!))
          .map(other => `${other.key}+${one.key}`),
      ),
    );
  return [
    pairs(),
    ...steps.map(step => {
      now.set(step.task.key, step.to);
      return pairs();
    }),
  ];
}

describe('the order of pins', () => {
  test('takes a thread off a CPU before it puts its owner there', () => {
    expect(names(orderPins([task('a', [2], [1]), task('b', [1], [3])], CpuSet.EMPTY))).toEqual([
      'b 3',
      'a 1',
    ]);
  });

  test('lets what floats make way first', () => {
    const floats = task('b', [1, 2], [4, 5], { exclusive: false });
    expect(names(orderPins([task('a', [2], [1]), floats], CpuSet.EMPTY))).toEqual(['b 4-5', 'a 1']);
  });

  test('breaks a circle through a spare CPU', () => {
    const circle = [task('a', [2], [1]), task('b', [3], [2]), task('c', [1], [3])];
    expect(names(orderPins(circle, CpuSet.of([9])))).toEqual(['a 9', 'b 2', 'c 3', 'a 1']);
  });

  test('without a spare one breaks it on the other CPUs of a guest', () => {
    const circle = [task('a', [2], [1], { aside: CpuSet.of([1, 7]) }), task('b', [1], [2])];
    expect(names(orderPins(circle, CpuSet.EMPTY))).toEqual(['a 7', 'b 2', 'a 1']);
  });

  test('never brings two guests onto one CPU that were not there together before, and ends as decided', () => {
    const worlds = fc.integer({ min: 2, max: 9 }).chain(count =>
      fc.tuple(
        fc.shuffledSubarray(
          Array.from({ length: count }, (_, cpu) => cpu),
          { minLength: count },
        ),
        fc.array(fc.uniqueArray(fc.integer({ min: 0, max: count - 1 }), { minLength: 1, maxLength: 3 }), {
          minLength: count,
          maxLength: count,
        }),
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: count, maxLength: count }),
        fc.boolean(),
      ),
    );
    fc.assert(
      fc.property(worlds, ([targets, places, guests, single]) => {
        const tasks = targets.map((cpu, index) =>
          task(`${index}`, single ? [targets[(index + 1) % targets.length]!] : places[index]!, [cpu], {
            vm: `g${guests[index]!}`,
          }),
        );
        const steps = orderPins(tasks, CpuSet.of([50, 51, 52, 53, 54, 55, 56, 57, 58, 59]));
        const seen = pairsTogether(tasks, steps);
        for (let at = 1; at < seen.length; at += 1)
          expect([...seen[at]!].filter(pair => !seen[at - 1]!.has(pair))).toEqual([]);
        const last = new Map(steps.map(({ task: { key }, to }) => [key, to.toString()]));
        for (const { key, to } of tasks) expect(last.get(key)).toBe(to.toString());
        expect(steps.length).toBeLessThanOrEqual(2 * tasks.length);
      }),
    );
  });
});
