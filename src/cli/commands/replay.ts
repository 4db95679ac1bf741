import { LIMITS } from '../../documents/limits.ts';
import { parseTrace } from '../../documents/parse-trace.ts';
import { readJson } from '../../documents/read-json.ts';
import { AppError, EXIT } from '../../domain/app-error.ts';
import type { Replay } from '../../domain/replay.ts';
import type { Trace } from '../../domain/trace.ts';
import { counted } from '../../domain/counted.ts';
import { checkPolicy } from '../../engine/request/check-policy.ts';
import { replayInSteps } from '../../engine/replay/replay.ts';
import { CountLine } from '../count-line.ts';
import { readText } from '../input.ts';
import { print, say } from '../output.ts';

/** UTF-8 has at most this many bytes a character. */
const CHARACTER_BYTES = 4;

/**
 * Replays a trace (`-` is standard input), prints what it did as a document and sums it up on standard error;
 * with `json` the document alone. Guests that do not fit are part of the answer: the exit code is 0.
 */
export async function replayCommand(options: {
  readonly file: string;
  readonly rebalance: boolean;
  readonly json: boolean;
}): Promise<number> {
  const text = await readText(options.file, CHARACTER_BYTES * LIMITS.traceLength);
  const trace = parseTrace(readJson(text, 'the trace', LIMITS.traceLength));
  const [fault] = checkPolicy(trace.host);
  if (fault !== undefined) throw new AppError(fault.code, EXIT.usage, fault.summary);
  const result = await withCount(trace, options.rebalance);
  await print(`${JSON.stringify(result, null, 2)}\n`);
  if (!options.json) {
    const arrivals = trace.events.filter(event => event[0] === 'a').length;
    const moved = (result.moves ?? []).reduce((sum, move) => sum + move.costMiB, 0);
    say(
      `${result.acceptedVcpus} of ${counted(result.offeredVcpus, 'vCPU')} were let in, with ${result.accepted.length} of ${counted(arrivals, 'guest')}` +
        `${options.rebalance ? `; ${counted(result.moves?.length ?? 0, 'change')} of running guests copied ${moved} MiB for that` : ''}.`,
    );
  }
  return EXIT.done;
}

/** Lets timers and Ctrl-C have their turn between two events once this has passed. */
const TURN_MS = 50;

async function withCount(trace: Trace, rebalance: boolean): Promise<Replay> {
  const line = new CountLine(trace.events.length, 'events');
  try {
    const steps = replayInSteps(trace, { rebalance });
    for (let turn = Date.now(); ; ) {
      const step = steps.next();
      if (step.done === true) return step.value;
      line.step();
      if (Date.now() - turn < TURN_MS) continue;
      await new Promise(resolve => {
        setImmediate(resolve);
      });
      turn = Date.now();
    }
  } finally {
    line.end();
  }
}
