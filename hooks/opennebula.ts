import { answerDriver } from '../src/app/opennebula/answer-driver.ts';
import { failure, type DriverAnswer } from '../src/app/opennebula/driver-call.ts';
import { sentenceOf } from '../src/app/opennebula/launch.ts';
import { openDriverCall } from './opennebula/open-driver-call.ts';

/**
 * `hook-opennebula.cjs [--root DIR] ACTION ARGUMENTS…`, as OpenNebula's driver calls its scripts. Exit 0, 1, or
 * the exit code of OpenNebula's own script.
 */
async function main(): Promise<DriverAnswer> {
  try {
    return await answerDriver(await openDriverCall(process.argv.slice(2)));
  } catch (error) {
    return failure(sentenceOf(error));
  }
}

void main().then(({ code, stdout, stderr }) => {
  process.stdout.write(stdout);
  // The wrappers of kvmpinfold tell by the last line that the hook came to an end of its own.
  process.stderr.write(
    process.env['PINFOLD_SHIM'] === undefined ? stderr : `${stderr}pinfold-done ${code}\n`,
  );
  process.exitCode = code;
});
