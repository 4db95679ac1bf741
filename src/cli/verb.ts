/** One option of a verb: `flag` is there or not, `text` takes a value. */
export interface VerbOption {
  readonly takes: 'flag' | 'text';
  readonly describe: string;
}

/** What a verb was called with; only names of its own options and argument are asked for. */
export interface GivenWords {
  /** The value of a text option or of the argument; undefined when it was left out. */
  text(name: string): string | undefined;
  /** Whether a flag was given. */
  flag(name: string): boolean;
}

/** One verb of the command line: what help prints of it and what it runs. */
export interface Verb {
  readonly summary: string;
  /** The word that must follow the verb. */
  readonly argument?: { readonly name: string; readonly describe: string };
  readonly options: Readonly<Record<string, VerbOption>>;
  /** Words after `pinfold`, and what they do; the second may be empty. */
  readonly examples: readonly (readonly [words: string, meaning: string])[];
  /** Runs the verb and answers with the exit code. */
  readonly run: (given: GivenWords) => Promise<number>;
}
