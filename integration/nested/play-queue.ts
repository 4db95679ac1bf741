import { say } from '../kit/say.ts';
import type { ScenarioOutcome } from '../player/play.ts';
import type { ScenarioQueue } from './scenario-queue.ts';

/** How machines of one profile come, and what is done on them. */
export interface QueuePlayer<Machine> {
  /** Does this work on a machine and lets go of it; throws when it does not come up or is lost. `mayBeUp`: on one that is up, if any. */
  withMachine(work: (machine: Machine) => Promise<void>, mayBeUp: boolean): Promise<void>;
  /** Plays these and answers what came of them; what it did not get to is missing. */
  playPiece(machine: Machine, names: readonly string[]): Promise<readonly ScenarioOutcome[]>;
}

/**
 * Takes pieces of the queue and plays them until nothing is left. A machine on which a scenario failed or that was lost has something left
 * behind that others would stumble over: a fresh one plays what is left. `hear` gets the outcomes of each piece.
 *
 * @param machines how many share the queue
 * @param mayBeUp whether the first machine may be one that is up
 */
export async function playQueue<Machine>(
  queue: ScenarioQueue,
  player: QueuePlayer<Machine>,
  {
    machines,
    mayBeUp,
    hear,
  }: {
    readonly machines: number;
    readonly mayBeUp: boolean;
    readonly hear: (outcomes: readonly ScenarioOutcome[]) => void;
  },
): Promise<void> {
  const playUntilFailure = async (machine: Machine): Promise<void> => {
    for (let isWhole = true; isWhole && queue.left > 0; ) {
      const names = queue.take(machines);
      const outcomes = await player.playPiece(machine, names);
      hear(outcomes);
      isWhole = outcomes.length === names.length && outcomes.every(({ passed }) => passed);
    }
  };
  for (let isFirst = true; queue.left > 0; isFirst = false) {
    const before = queue.left;
    await player.withMachine(playUntilFailure, isFirst && mayBeUp).catch((error: unknown) => {
      // A machine that did not come up will not come up the next time.
      if (queue.left === before) throw error;
      say(`  ${error instanceof Error ? error.message : String(error)} A fresh host plays what is left.`);
    });
  }
}
