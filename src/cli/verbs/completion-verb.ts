import { AppError, EXIT } from '../../domain/app-error.ts';
import { clip } from '../../domain/cpu-list.ts';
import { nearest } from '../../domain/nearest.ts';
import type { Verb } from '../verb.ts';

const SHELLS = ['bash', 'zsh'] as const;

/** `pinfold completion SHELL`. */
export const completionVerb: Verb = {
  summary: 'print the completion of a shell, which the Debian package installs by itself',
  argument: { name: 'SHELL', describe: 'bash or zsh' },
  options: {},
  examples: [
    ['completion bash > ~/.local/share/bash-completion/completions/pinfold', ''],
    ['completion zsh > ~/.zfunc/_pinfold', 'a folder of fpath'],
  ],
  run: async given => {
    const word = given.text('SHELL') ?? '';
    const shell = SHELLS.find(name => name === word);
    if (shell === undefined)
      throw new AppError(
        'shell-unknown',
        EXIT.usage,
        `There is no completion for "${clip(word)}": did you mean ${nearest(word, SHELLS)!}? The shells are ${SHELLS.join(' and ')}.`,
      );
    const { completionCommand } = await import('../commands/completion.ts');
    return completionCommand(shell);
  },
};
