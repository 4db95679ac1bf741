import type { TextTree } from '../formats/text-tree.ts';

/** One node: its files, its programs. Adapters: this machine, a tree under `--root`, a node over SSH. */
export interface NodePort {
  /** For messages: the node's host name. */
  readonly name: string;
  readonly files: TextTree;
  /**
   * Runs a program to its end. Never throws for what the program does: its exit code and output are the answer.
   * Under `--root` nothing of the real machine runs: the call is appended to `/run/pinfold/effects.jsonl` of the
   * tree and answered by the stand-in kernel.
   */
  run(argv: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Writes a whole file or nothing: temporary file beside it, fsync, rename. Makes missing folders. */
  writeAtomically(path: string, text: string, mode?: number): void;
  /** Removes a file; missing is fine. */
  remove(path: string): void;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** After this many milliseconds the program and its children are killed; `code` is then null. */
  readonly timeoutMs?: number;
}

export interface RunResult {
  /** null when the program was killed or could not be started. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
