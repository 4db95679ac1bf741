/**
 * `npm run test:deb`: builds the Debian package, installs it as a user would, with the real dpkg and apt of this machine,
 * and removes it again. Everything happens in a mount namespace in which an overlay lies over this machine's root, so that
 * nothing of the machine changes and every file that stays behind is seen. Needs root.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { installPackages } from '../kit/apt.ts';
import { cleanUp } from '../kit/clean-ups.ts';
import { runProgram } from '../kit/run-program.ts';
import { Steps } from '../kit/steps.ts';
import { workFolder } from '../kit/work-folder.ts';

const CHECKOUT = process.env['PINFOLD_CHECKOUT'] ?? process.cwd();
const BUILD_TIMEOUT_MS = 120_000;
const TRIAL_TIMEOUT_MS = 300_000;

async function main(): Promise<number> {
  if (process.getuid?.() !== 0) throw new Error('Mounts and dpkg need root.');
  const steps = new Steps();
  const folder = workFolder('deb');
  await steps.step('install what is needed from Debian', () =>
    installPackages(['dpkg', 'util-linux', 'mount']),
  );
  await steps.step('build the package, twice with the same bytes', async () => {
    await buildInto(join(folder, 'first'));
    await buildInto(join(folder, 'second'));
    const sums = execFileSync(
      'sh',
      ['-c', `cat ${folder}/first/*.deb | sha256sum; cat ${folder}/second/*.deb | sha256sum`],
      {
        encoding: 'utf8',
      },
    );
    const [first, second] = sums.split('\n');
    if (first !== second) throw new Error('Two builds of the same commit differ.');
  });
  const script = join(CHECKOUT, 'integration/deb/trial.sh');
  const end = await steps.step('install, use, upgrade, remove', () =>
    runProgram(['unshare', '--mount', '--pid', '--fork', '--kill-child', 'bash', script, folder], {
      timeoutMs: TRIAL_TIMEOUT_MS,
      onOutput: text => process.stdout.write(text),
    }),
  );
  const passed = end.stdout.split('\n').filter(line => line.startsWith('  ok ')).length;
  const failed = end.stdout.split('\n').filter(line => line.startsWith('  FAILED ')).length;
  const isWhole = end.code === 0 && end.stdout.includes('the trial came to its end');
  process.stdout.write(`${passed} passed, ${failed + (isWhole ? 0 : 1)} failed\n`);
  return isWhole && failed === 0 ? 0 : 1;
}

async function buildInto(folder: string): Promise<void> {
  const end = await runProgram([process.execPath, join(CHECKOUT, 'scripts/deb.mjs'), folder], {
    timeoutMs: BUILD_TIMEOUT_MS,
    cwd: CHECKOUT,
  });
  if (end.code !== 0) throw new Error(`The package was not built: ${end.stderr}`);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    cleanUp();
    process.exit(130);
  });

main()
  .then(code => {
    cleanUp();
    process.exitCode = code;
  })
  .catch((error: unknown) => {
    cleanUp();
    process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n0 passed, 1 failed\n`);
    process.exitCode = 1;
  });
