import { makeStateFolder } from '../player/reconciling.ts';
import { fragment, isValid, killedWhen, TWO_CELLS } from '../player/rebalancing.ts';
import { liveThreads } from '../player/live-threads.ts';
import { hugePagesOf } from '../player/host-facts.ts';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts:
    'a rebalance that has to move a guest, and kills it three times: as soon as it has noted the change, when a vCPU has moved, when pages have',
  sees: [
    'after each SIGKILL no CPU has two owners, and every thread and page is where its guest has a claim',
    'the run after the last one finishes the work, and the guest that room was made for starts',
  ],
  isLong: true,
  hosts: ['trixie'],
  policy: TWO_CELLS,
  async play(stage) {
    await makeStateFolder(stage);
    const { running, late, request } = await fragment(stage, 395);
    const words = ['rebalance', '--for', request, '--yes'];
    const state = await Promise.all(running.map(each => stage.see(each)));
    const masks = () =>
      state.map(({ pid }) => liveThreads(pid).flatMap(({ role, cpus }) => (role === 'vcpu' ? cpus : [])));
    const pages = () => state.map(({ pid }) => hugePagesOf(pid));
    const [oldMasks, oldPages] = [JSON.stringify(masks()), JSON.stringify(pages())];

    const isNoted = () => stage.ledger.some(entry => 'step' in entry);
    await killedWhen(stage, words, { moment: 'the change is noted', isDue: isNoted });
    stage.holds(
      'the ledger tells the change',
      isNoted(),
      stage.ledger.map(({ vm }) => vm),
    );
    await isValid(stage, running, 'after the first SIGKILL');
    const hasMoved = () => JSON.stringify(masks()) !== oldMasks;
    await killedWhen(stage, words, { moment: 'a vCPU has moved', isDue: hasMoved });
    await isValid(stage, running, 'after the second SIGKILL');
    const isElsewhere = () => JSON.stringify(pages()) !== oldPages;
    await killedWhen(stage, words, { moment: 'pages have moved', isDue: isElsewhere });
    await isValid(stage, running, 'after the third SIGKILL');

    await stage.pinfold(...words);
    stage.check('changes under way', isNoted(), false);
    for (const each of running) await stage.agrees(each);
    await stage.deploy(late);
    await isValid(stage, [...running, late], 'at the end');
  },
};
