import { EXIT } from '../../domain/app-error.ts';
import { bashCompletion } from '../manual/bash-completion.ts';
import { zshCompletion } from '../manual/zsh-completion.ts';
import { print } from '../output.ts';
import { VERBS } from '../verbs.ts';

/** Prints the completion of a shell. */
export async function completionCommand(shell: 'bash' | 'zsh'): Promise<number> {
  await print(shell === 'bash' ? bashCompletion(VERBS) : zshCompletion(VERBS));
  return EXIT.done;
}
