/**
 * What Pinfold adds to a VM start on Proxmox VE: `dist/hook-proxmox.cjs` in pre-start, deciding for one guest on an 8-cell,
 * 384-CPU tree, against a bare `node -e 0` in the same run. Budget: the median is at most the larger of 1.35 × bare and
 * bare + 15 ms, besides the programs that it starts for systemd and the worker's mask, which are counted and named; and the
 * hook's bundle (loader and phase) is below 128 KiB. Exits 1 when it is not.
 *
 * `decide`: from the call to the drop-in on disk (the hook kills itself there, as its tests do). `pre-start`: with the
 * stand-ins for systemctl and taskset. `untagged`: of a VM without a policy.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeTree } from '../src/adapters/local/write-tree.ts';
import { namedMachine } from '../src/machines/named-machines.ts';
import { renderMachine } from '../src/machines/render-machine.ts';
import { median } from './kit/median.ts';
import { BUNDLE_LIMIT_KIB, sizeKiB, startBudgetMs } from './kit/start-budget.ts';
import { timedStart } from './kit/timed-start.ts';

const RUNS = 21;
const hook = join(process.env['PINFOLD_CHECKOUT'] ?? process.cwd(), 'dist', 'hook-proxmox.cjs');
const root = mkdtempSync(join(tmpdir(), 'pinfold-bench-'));

try {
  const files = new Map(renderMachine(namedMachine('epyc-384')));
  files.set('/proc/sys/kernel/random/boot_id', 'bench\n');
  files.set('/etc/pve/pinfold/policy.yaml', 'trust_tags: any\n');
  files.set('/etc/pve/pinfold/profiles.yaml', 'fast:\n  extra_specs: { "hw:cpu_policy": dedicated }\n');
  files.set('/etc/pve/qemu-server/101.conf', 'cores: 8\nmemory: 8192\ntags: pin-fast\n');
  files.set('/etc/pve/qemu-server/102.conf', 'cores: 8\nmemory: 8192\n');
  writeTree(files, root);
  const call = (vmid: string, phase = 'pre-start') => [hook, '--root', root, vmid, phase];
  const times = {
    bare: [] as number[],
    decide: [] as number[],
    preStart: [] as number[],
    untagged: [] as number[],
  };
  for (let round = 0; round <= RUNS; round += 1) {
    const measured = {
      bare: timedStart({ args: ['-e', '0'] }),
      decide: timedStart({ args: call('101'), killAt: 'dropped-in' }),
      preStart: timedStart({ args: call('101') }),
      untagged: timedStart({ args: call('102') }),
    };
    timedStart({ args: call('101', 'post-stop') });
    // The first round leaves V8's compiled code behind for those that follow, as the first start on a node does.
    if (round === 0) continue;
    for (const name of ['bare', 'decide', 'preStart', 'untagged'] as const) times[name].push(measured[name]);
  }
  const runs = readFileSync(join(root, 'run/pinfold/effects.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .slice(-3)
    .map(line => (JSON.parse(line) as { run: string[] }).run.slice(0, 3).join(' '));
  const [bare, decide] = [median(times.bare), median(times.decide)];
  const budget = startBudgetMs(bare);
  const bundleKiB = sizeKiB([hook, join(dirname(hook), 'run-phase.cjs')]);
  const passed = decide <= budget && bundleKiB < BUNDLE_LIMIT_KIB;
  process.stdout.write(
    [
      `proxmox-hook-start, medians of ${RUNS} interleaved runs on ${process.version}:`,
      `  bare node           ${bare.toFixed(1)} ms`,
      `  decide              ${decide.toFixed(1)} ms (budget ${budget.toFixed(1)} ms)`,
      `  pre-start in a tree ${median(times.preStart).toFixed(1)} ms`,
      `  untagged VM         ${median(times.untagged).toFixed(1)} ms`,
      `  programs            ${runs.join(', ')}`,
      `  hook bundle         ${bundleKiB.toFixed(1)} KiB (limit ${BUNDLE_LIMIT_KIB} KiB)`,
      passed ? '  within the budget' : '  OVER THE BUDGET',
      '',
    ].join('\n'),
  );
  process.exitCode = passed ? 0 : 1;
} finally {
  rmSync(root, { recursive: true, force: true });
}
