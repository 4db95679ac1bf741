import { spawnSync } from 'node:child_process';

/** A Node process that is timed. */
export interface TimedStart {
  readonly args: readonly string[];
  readonly stdin?: string;
  /** Where the program is to end by its own hand (SIGKILL), as PINFOLD_KILL_AT of the hooks' tests; undefined = it ends with 0. */
  readonly killAt?: string;
}

/** Milliseconds of wall time until the process has ended as it should; throws with its words when it ends otherwise. */
export function timedStart({ args, stdin = '', killAt }: TimedStart): number {
  const env = { ...process.env, ...(killAt === undefined ? {} : { PINFOLD_KILL_AT: killAt }) };
  const started = process.hrtime.bigint();
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
    input: stdin,
    encoding: 'utf8',
    env,
  });
  const ms = Number(process.hrtime.bigint() - started) / 1e6;
  if (status !== 0 && !(killAt !== undefined && signal === 'SIGKILL'))
    throw new Error(`node ${args.join(' ')} ended with ${status ?? signal ?? 'nothing'}: ${stdout}${stderr}`);
  return ms;
}
