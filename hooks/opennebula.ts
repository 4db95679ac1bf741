import { useCodeCache } from '../src/adapters/local/code-cache.ts';

/**
 * `hook-opennebula.cjs [--root DIR] ACTION ARGUMENTS…`, as OpenNebula's driver calls its scripts. Exit 0, 1, or
 * the exit code of OpenNebula's own script.
 */
useCodeCache(process.argv.includes('deploy'));
void import('./opennebula/run-hook.ts').then(({ runHook }) => runHook(process.argv.slice(2)));
