import { answerDriver } from '../../src/app/opennebula/answer-driver.ts';
import { failure, type DriverAnswer } from '../../src/app/opennebula/driver-call.ts';
import { sentenceOf } from '../../src/app/sentence-of.ts';
import { writeOut } from '../write-out.ts';
import { openDriverCall } from './open-driver-call.ts';

/** Answers the driver's call in these words: its output, its messages, its exit code. */
export async function runHook(words: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await answer(words);
  writeOut(1, stdout);
  // The wrappers of kvmpinfold tell by the last line that the hook came to an end of its own.
  writeOut(2, process.env['PINFOLD_SHIM'] === undefined ? stderr : `${stderr}pinfold-done ${code}\n`);
  process.exitCode = code;
}

async function answer(words: readonly string[]): Promise<DriverAnswer> {
  try {
    return await answerDriver(openDriverCall(words));
  } catch (error) {
    return failure(sentenceOf(error));
  }
}
