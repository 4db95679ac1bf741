import { AppError } from '../../domain/app-error.ts';
import type { RunOptions, RunResult } from '../../app/ports.ts';
import { answerChrt } from './chrt.ts';
import { answerMigratepages } from './migratepages.ts';
import { answerScript, stockScript } from './opennebula-scripts.ts';
import { ProgramError } from './program-error.ts';
import { answerSystemctl } from './systemctl.ts';
import { answerTaskset } from './taskset.ts';
import type { TreeFiles } from './tree-files.ts';
import { withTreeLock } from './tree-lock.ts';
import { answerVirsh } from './virsh.ts';
import { VirshError } from './virsh-error.ts';

/** Every call of a program, one JSON line each: `{"pid","run","stdinBytes","code"}`. */
const EFFECTS = '/run/pinfold/effects.jsonl';
/** What a shell answers for a program that it does not find. */
const NOT_FOUND = 127;

/**
 * Runs a program's stand-in on the tree, alone with it, and notes the call. Never throws for what a program does.
 */
export function runStandIn(tree: TreeFiles, argv: readonly string[], options: RunOptions): RunResult {
  const result = withTreeLock(tree, () => answer(tree, argv, options));
  const effect = {
    pid: process.pid,
    run: argv,
    ...(options.stdin === undefined ? {} : { stdinBytes: Buffer.byteLength(options.stdin) }),
    code: result.code,
  };
  note(tree, effect);
  return result;
}

/** What was done stays done where the tree's /run is full, read-only or no folder, as on a node whose journal is. */
function note(tree: TreeFiles, effect: object): void {
  try {
    tree.append(EFFECTS, `${JSON.stringify(effect)}\n`);
  } catch (error) {
    if (error instanceof AppError) throw error;
  }
}

function answer(tree: TreeFiles, argv: readonly string[], options: RunOptions): RunResult {
  const [program = '', ...words] = argv;
  const name = program.slice(program.lastIndexOf('/') + 1);
  const script = stockScript(program);
  try {
    if (script !== null) return done(answerScript(tree, script, { words, stdin: options.stdin ?? '' }));
    if (name === 'virsh') return done(answerVirsh(tree, words));
    if (name === 'systemctl') return done(answerSystemctl(tree, words));
    if (name === 'systemd-run') return done('');
    if (name === 'chrt') return done(answerChrt(tree, words));
    if (name === 'taskset') return done(answerTaskset(tree, words));
    if (name === 'migratepages') return done(answerMigratepages(tree, words));
    return failed(NOT_FOUND, `${program}: there is no stand-in for this program in a tree`);
  } catch (error) {
    if (error instanceof VirshError) return failed(1, `error: ${error.message}`);
    if (error instanceof ProgramError) return failed(1, error.message);
    throw error;
  }
}

function done(stdout: string): RunResult {
  return { code: 0, stdout, stderr: '' };
}

function failed(code: number, words: string): RunResult {
  return { code, stdout: '', stderr: `${words}\n` };
}
