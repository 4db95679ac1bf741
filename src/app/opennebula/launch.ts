import { confirmStart } from '../confirm-start.ts';
import { recordDecision } from '../decision-records.ts';
import { prepareStart, type Preparation, type Start } from '../prepare-start.ts';
import { release } from '../release.ts';
import { sentenceOf } from '../sentence-of.ts';
import type { HostPolicy } from '../../domain/host-policy.ts';
import { failure, withWarnings, type DriverAnswer, type DriverCall } from './driver-call.ts';

/** How a guest comes up: `placed` gets an XML with something of ours in it. */
export interface Launch {
  readonly start: Start;
  readonly policy: HostPolicy;
  readonly warnings: readonly string[];
  /** The node's lock, where it was asked for before. */
  readonly turn?: Promise<() => void>;
  readonly placed: (xml: string) => Promise<DriverAnswer>;
  readonly unplaced: () => Promise<DriverAnswer>;
}

/**
 * The flow of a start around OpenNebula's own script:
 *
 * 1. Decide and lease. A state that cannot be written, a busy lock or an XML that cannot be read refuse the start,
 *    or, where the guest may float, let it start as it was.
 * 2. Launch. A script that fails gives the lease back and passes its words and exit code on.
 * 3. Check the live process and turn the lease into its claim; what goes wrong here is a warning, because the
 *    guest runs.
 */
export async function launch(call: DriverCall, how: Launch): Promise<DriverAnswer> {
  let prepared: Preparation;
  try {
    prepared = await prepareStart(how.start, {
      ...call,
      policy: how.policy,
      ...(how.turn && { turn: how.turn }),
      stateFolder: call.folders.state,
    });
  } catch (error) {
    const reason = sentenceOf(error);
    if (how.start.onRefusal === 'strict') return failure(reason, how.warnings);
    prepared = { kind: 'unplaced', warnings: [`${reason} The VM starts without a placement.`] };
  }
  const warnings = [...how.warnings, ...prepared.warnings];
  if (prepared.kind === 'refused') return failure(prepared.reason, warnings);
  if (prepared.kind === 'placed') call.at('leased');
  call.at('decided');
  if (prepared.kind !== 'placed') {
    const xml = prepared.kind === 'unplaced' ? prepared.text : undefined;
    return withWarnings(await (xml === undefined ? how.unplaced() : how.placed(xml)), warnings);
  }
  const answer = await how.placed(prepared.text);
  call.at('launched');
  const { entry, asked } = prepared;
  const stateFolder = call.folders.state;
  const after = await settled(() =>
    answer.code === 0 ? confirmStart(entry, call) : release({ ...call, stateFolder }, entry.vm),
  );
  if (answer.code === 0) recordDecision(call.node, stateFolder, asked);
  return withWarnings(answer, [...warnings, ...after]);
}

async function settled(work: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await work();
  } catch (error) {
    return [sentenceOf(error)];
  }
}
