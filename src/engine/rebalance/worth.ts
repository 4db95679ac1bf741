import type { HostModel } from '../host-model.ts';
import { compareScores, type HostScore } from './score-of.ts';

/** Permille of the dedicated CPUs of a cell: a move for balance alone must level at least so much. */
const BALANCE_STEP = 50;

/** A move that is weighed: the scores of the host after and before it, and what it copies. */
export interface WeighedMove {
  readonly after: HostScore;
  readonly before: HostScore;
  readonly costMiB: number;
}

/**
 * Whether a move that nobody needs now pays for the memory that it copies:
 *
 * 1. the score gets better, and not by a little balance alone;
 * 2. the CPUs won ({@link cpusWon}), each with the memory that the node has for a CPU, come to more than what is copied.
 *
 * A CPU won lets in that much more of a guest, who brings about that much memory: whoever copies more pays more than a later
 * newcomer can be worth. Room for a guest that is there ({@link makeRoom}) is not weighed, for somebody asked for it at its price.
 */
export function paysForItself(model: HostModel, { after, before, costMiB }: WeighedMove): boolean {
  const { pack } = model.policy;
  if (compareScores(after, before, pack) >= 0) return false;
  const level = { ...after, balance: before.balance };
  if (compareScores(level, before, pack) >= 0 && before.balance - after.balance < BALANCE_STEP) return false;
  return costMiB < cpusWon(model, after, before) * mibPerCpu(model);
}

/**
 * What the better score is worth in CPUs, negative where it is worse:
 *
 * * under pack, CPUs by which the largest hole grows; under spread, those by which the fullest and the emptiest cell come nearer;
 * * one for each half-used core mended, for each cache domain that guests no longer span, and for each step of distance.
 */
function cpusWon({ policy, cells }: HostModel, after: HostScore, before: HostScore): number {
  const widest = Math.max(0, ...cells.map(({ dedicatedTotal }) => dedicatedTotal));
  const room = policy.pack
    ? after.largestHole - before.largestHole
    : ((before.balance - after.balance) * widest) / 1000;
  const parts = ['brokenCores', 'cacheDomains', 'cellDistance', 'deviceDistance'] as const;
  return parts.reduce((sum, part) => sum + before[part] - after[part], room);
}

/** The node's memory by its CPUs; without a bound where a cell does not tell its memory. */
function mibPerCpu({ cells }: HostModel): number {
  let [cpus, mib] = [0, 0];
  for (const cell of cells) {
    cpus += cell.cpus.size;
    mib += cell.memoryMiB ?? Infinity;
  }
  return cpus === 0 ? Infinity : mib / cpus;
}
