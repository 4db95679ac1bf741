import { useCodeCache } from '../src/adapters/local/code-cache.ts';

/** Files that several phases load for different parts, and the phase that goes through most of their code. */
const PHASE_OF = new Map([
  ['run-phase.cjs', 'pre-start'],
  ['exclusivity-parts.cjs', 'post-start'],
]);

/**
 * `hook-proxmox.cjs [--root DIR] VMID PHASE`, as the snippet beside it calls it for Proxmox VE. What it prints is the task
 * log. Exit 0 or 1; 1 in `pre-start` keeps the VM from starting.
 */
useCodeCache(bundle => {
  const phase = PHASE_OF.get(bundle);
  return phase === undefined || process.argv.includes(phase);
});
import('./proxmox/run-phase.ts')
  .then(({ runPhase }) => runPhase(process.argv.slice(2)))
  .catch((error: unknown) => {
    const what = String(error instanceof Error ? error.message : error).split('\n')[0] ?? '';
    process.stdout.write(`pinfold: Its own files cannot be loaded (${what}): install the package again.\n`);
    process.exitCode = 1;
  });
