import { useCodeCache } from '../src/adapters/local/code-cache.ts';

/** Files that several actions load for different parts, and the action that goes through most of their code. */
const ACTION_OF = new Map([
  ['run-hook.cjs', 'deploy'],
  ['xml-formats.cjs', 'deploy'],
  ['running-formats.cjs', 'arrive'],
]);

/**
 * `hook-opennebula.cjs [--root DIR] ACTION ARGUMENTS…`, as OpenNebula's driver calls its scripts. Exit 0, 1, or
 * the exit code of OpenNebula's own script.
 */
useCodeCache(bundle => {
  const action = ACTION_OF.get(bundle);
  return action === undefined || process.argv.includes(action);
});
import('./opennebula/run-hook.ts')
  .then(({ runHook }) => runHook(process.argv.slice(2)))
  .catch((error: unknown) => {
    const what = String(error instanceof Error ? error.message : error).split('\n')[0] ?? '';
    process.stderr.write(
      `Pinfold's own files cannot be loaded (${what}): run its installer again, then "onehost sync --force". \n`,
    );
    process.exitCode = 1;
  });
