import { answerHook } from '../../src/app/proxmox/answer-hook.ts';
import { logLine, type HookAnswer } from '../../src/app/proxmox/hook-call.ts';
import { sentenceOf } from '../../src/app/sentence-of.ts';
import { writeOut } from '../write-out.ts';
import { openHookCall } from './open-hook-call.ts';

/** What ended a phase before anything was decided; the snippet knows which VMs may start all the same. */
const FAULT = 1;

/** Answers one phase of a VM: lines of the task log and the exit code. */
export async function runPhase(words: readonly string[]): Promise<void> {
  const { code, lines } = await answer(words);
  writeOut(1, lines.map(line => `${line}\n`).join(''));
  process.exitCode = code;
}

async function answer(
  words: readonly string[],
): Promise<Pick<HookAnswer, 'lines'> & { readonly code: number }> {
  try {
    const { code, lines } = await answerHook(await openHookCall(words));
    // Node itself ends with 1 where a file is missing, so that the snippet names a code for what was decided.
    return { code: code === 0 ? 0 : Number(process.env['PINFOLD_REFUSED'] ?? 1), lines };
  } catch (error) {
    return { code: FAULT, lines: [logLine(sentenceOf(error))] };
  }
}
