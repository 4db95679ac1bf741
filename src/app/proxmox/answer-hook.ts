import { SILENT, warningLines, type HookAnswer, type HookCall } from './hook-call.ts';
import { sentenceOf } from '../sentence-of.ts';
import { preStart } from './pre-start.ts';

/** Answers one phase of a VM. Only `pre-start` can fail; elsewhere a fault is a warning, because the guest runs or has ended. */
export async function answerHook(call: HookCall): Promise<HookAnswer> {
  switch (call.phase) {
    case 'pre-start':
      return preStart(call);
    case 'post-start':
      return neverFails(async () => (await import('./post-start.ts')).postStart(call));
    case 'post-stop':
      return neverFails(async () => (await import('./post-stop.ts')).postStop(call));
    case 'pre-stop':
      return SILENT;
  }
}

async function neverFails(work: () => Promise<HookAnswer>): Promise<HookAnswer> {
  try {
    return await work();
  } catch (error) {
    return { code: 0, lines: warningLines([sentenceOf(error)]) };
  }
}
