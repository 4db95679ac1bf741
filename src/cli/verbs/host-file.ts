import { AppError, EXIT } from '../../domain/app-error.ts';
import type { GivenWords, VerbOption } from '../verb.ts';

/** The name that a captured state has for `explain`, for verbs that know it as `--host`. */
export const REPLAY_OPTION: VerbOption = {
  takes: 'text',
  describe: 'a captured state: another name for --host',
};

/** The file of `--host` or `--replay`, which mean the same; undefined where neither is given. Throws an AppError for both. */
export function hostFile(given: GivenWords): string | undefined {
  const [host, replay] = [given.text('host'), given.text('replay')];
  if (host === undefined || replay === undefined) return host ?? replay;
  throw new AppError(
    'options-exclude',
    EXIT.usage,
    'Both --host and --replay are given, and they mean the same: leave one of them out.',
  );
}
