import fc from 'fast-check';
import { type QueuedScenario, ScenarioQueue } from './scenario-queue.ts';

const scenario = (name: string, word = ''): QueuedScenario => ({
  name,
  isProxmox: word.includes('proxmox'),
  isLong: word.includes('long'),
  startsMany: word.includes('many'),
  hasReboot: word.includes('reboot'),
});

it("begins with OpenNebula's long scenarios, behind them those that start many guests at once, and ends with Proxmox VE's short ones", () => {
  const queue = new ScenarioQueue([
    scenario('drop-in', 'proxmox'),
    scenario('taskset'),
    scenario('package', 'proxmox long'),
    scenario('eight', 'long many'),
    scenario('rebalance', 'long'),
  ]);
  expect([1, 2, 3, 4, 5, 6].map(() => queue.take(1))).toEqual([
    ['rebalance'],
    ['eight'],
    ['taskset'],
    ['package'],
    ['drop-in'],
    [],
  ]);
});

it('hands out larger pieces while there is much left, and a scenario with a reboot alone', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const queue = new ScenarioQueue(names.map(name => scenario(name, name === 'f' ? 'reboot' : '')));
  expect([1, 2, 3, 4, 5, 6].map(() => queue.take(1))).toEqual([
    ['a', 'b', 'c', 'd'],
    ['e'],
    ['f'],
    ['g'],
    ['h'],
    [],
  ]);
});

it('hands out each scenario once, none of OpenNebula behind one of Proxmox VE, to however many machines', () => {
  const words = fc.constantFrom('', 'long', 'proxmox', 'proxmox long', 'proxmox reboot');
  fc.assert(
    fc.property(fc.array(words, { maxLength: 40 }), fc.integer({ min: 1, max: 4 }), (kinds, machines) => {
      const all = kinds.map((word, index) => scenario(`s${index}`, word));
      const queue = new ScenarioQueue(all);
      const taken: string[] = [];
      while (queue.left > 0) taken.push(...queue.take(machines));
      expect([...taken].sort()).toEqual(all.map(({ name }) => name).sort());
      const sides = taken.map(name => all.find(one => one.name === name)!.isProxmox);
      expect(sides).toEqual([...sides].sort((a, b) => Number(a) - Number(b)));
    }),
  );
});
