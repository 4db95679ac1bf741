import { useCodeCache } from '../src/adapters/local/code-cache.ts';

/** Files that several actions load, of which a deploy goes through most of the code; others belong to one action. */
const OF_DEPLOY = ['run-hook.cjs', 'xml-formats.cjs'];

/**
 * `hook-opennebula.cjs [--root DIR] ACTION ARGUMENTS…`, as OpenNebula's driver calls its scripts. Exit 0, 1, or
 * the exit code of OpenNebula's own script.
 */
useCodeCache(bundle => process.argv.includes('deploy') || !OF_DEPLOY.includes(bundle));
import('./opennebula/run-hook.ts')
  .then(({ runHook }) => runHook(process.argv.slice(2)))
  .catch((error: unknown) => {
    const what = String(error instanceof Error ? error.message : error).split('\n')[0] ?? '';
    process.stderr.write(
      `Pinfold's own files cannot be loaded (${what}): run its installer again, then "onehost sync --force". \n`,
    );
    process.exitCode = 1;
  });
