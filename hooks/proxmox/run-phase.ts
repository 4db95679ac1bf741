import { answerHook } from '../../src/app/proxmox/answer-hook.ts';
import { logLine, type HookAnswer } from '../../src/app/proxmox/hook-call.ts';
import { sentenceOf } from '../../src/app/sentence-of.ts';
import { writeOut } from '../write-out.ts';
import { openHookCall } from './open-hook-call.ts';

/** Answers one phase of a VM: lines of the task log and the exit code. */
export async function runPhase(words: readonly string[]): Promise<void> {
  const { code, lines } = await answer(words);
  writeOut(1, lines.map(line => `${line}\n`).join(''));
  // Node itself ends with 1 where a file is missing, so that the snippet names a code for what was decided.
  process.exitCode = code === 0 ? 0 : Number(process.env['PINFOLD_REFUSED'] ?? 1);
}

async function answer(words: readonly string[]): Promise<HookAnswer> {
  try {
    return await answerHook(await openHookCall(words));
  } catch (error) {
    return { code: 1, lines: [logLine(sentenceOf(error))] };
  }
}
