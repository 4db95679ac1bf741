import { release } from '../release.ts';
import { warningLines, type DriverAnswer, type DriverCall } from './driver-call.ts';
import { sentenceOf } from '../sentence-of.ts';

/** Gives back what no longer runs, after a guest was saved, stopped or sent away. Never fails: garbage is collected anyway. */
export async function releaseAfter(call: DriverCall): Promise<DriverAnswer> {
  const { node, ledger, owner, folders } = call;
  try {
    const place = { node, ledger, owner, stateFolder: folders.state };
    return { code: 0, stdout: '', stderr: warningLines(await release(place, null)) };
  } catch (error) {
    return { code: 0, stdout: '', stderr: warningLines([sentenceOf(error)]) };
  }
}
