import { sleep } from '../kit/wait-until.ts';
import { sideBySide, type SharedWork } from './side-by-side.ts';

/** Work of so many pieces, each of which takes a moment; the log tells who did which. */
function pieces(name: string, count: number, log: string[]): SharedWork {
  let left = count;
  return {
    name,
    left: () => left,
    async work(isFirst) {
      log.push(`${name} ${isFirst ? 'begun' : 'joined'}`);
      while (left > 0) {
        left -= 1;
        await sleep(5);
      }
    },
  };
}

it('begins all in their order one at a time, and nobody joins', async () => {
  const log: string[] = [];
  const troubles = await sideBySide([pieces('trixie', 4, log), pieces('odd', 1, log)], 1);
  expect(log).toEqual(['trixie begun', 'odd begun']);
  expect(troubles.size).toBe(0);
});

it('lets whoever is free join what has the most left', async () => {
  const log: string[] = [];
  await sideBySide([pieces('trixie', 12, log), pieces('odd', 1, log)], 2);
  expect(log).toEqual(['trixie begun', 'odd begun', 'trixie joined']);
});

it('joins nothing that is nearly done', async () => {
  const log: string[] = [];
  await sideBySide([pieces('trixie', 3, log), pieces('odd', 2, log)], 2);
  expect(log).toEqual(['trixie begun', 'odd begun']);
});

it('goes on with the others when one fails, says why, and does not try it again', async () => {
  const log: string[] = [];
  const broken = {
    name: 'kvm',
    left: () => 9,
    work() {
      log.push('kvm begun');
      return Promise.reject(new Error('The kernel panicked.'));
    },
  };
  const troubles = await sideBySide([broken, pieces('odd', 1, log)], 2);
  expect(log).toEqual(['kvm begun', 'odd begun']);
  expect([...troubles]).toEqual([['kvm', 'The kernel panicked.']]);
});
