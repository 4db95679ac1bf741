/**
 * What Pinfold adds to a VM start: `dist/hook-opennebula.cjs` deciding for one guest on an 8-cell, 384-CPU tree,
 * against a bare `node -e 0` in the same run. Budget: the median is at most the larger of 1.35 × bare and bare +
 * 15 ms, and the hook's bundle (loader and hook, without the XML reader's chunk) is below 128 KiB. Exits 1 when it is not.
 *
 * `decide`: from the call to the lease: policy, topology, lock, decision, domain XML, ledger (the hook kills itself
 * there, as its tests do). `deploy`: with the stand-in's launch in the tree, the check of its threads and the claim.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeTree } from '../src/adapters/local/write-tree.ts';
import { namedMachine } from '../src/machines/named-machines.ts';
import { renderMachine } from '../src/machines/render-machine.ts';
import { median } from './kit/median.ts';
import { BUNDLE_LIMIT_KIB, sizeKiB, startBudgetMs } from './kit/start-budget.ts';
import { timedStart } from './kit/timed-start.ts';

const RUNS = 21;
const hook = join(process.env['PINFOLD_CHECKOUT'] ?? process.cwd(), 'dist', 'hook-opennebula.cjs');
const root = mkdtempSync(join(tmpdir(), 'pinfold-bench-'));
const FOLDER = '/var/lib/one/datastores/0';

function guest(id: number): { readonly xml: string; readonly vmXml: string } {
  return {
    xml: `<domain type='kvm'><name>one-${id}</name><vcpu>8</vcpu><memory>8388608</memory><os><type arch='x86_64'>hvm</type></os></domain>\n`,
    vmXml: `<VM><ID>${id}</ID><NAME>bench</NAME><TEMPLATE><VCPU>8</VCPU></TEMPLATE><USER_TEMPLATE><PINFOLD><HW_CPU_POLICY><![CDATA[dedicated]]></HW_CPU_POLICY></PINFOLD></USER_TEMPLATE></VM>`,
  };
}

try {
  const files = new Map(renderMachine(namedMachine('epyc-384')));
  // As every kernel has it: what a boot cannot change is read once a boot.
  writeTree(files.set('/proc/sys/kernel/random/boot_id', 'bench\n'), root);
  for (let id = 0; id <= RUNS; id += 1)
    writeTree(new Map([[`${FOLDER}/${id}/vm.xml`, guest(id).vmXml]]), root);
  const call = (id: number) => [
    hook,
    '--root',
    root,
    'deploy',
    `${FOLDER}/${id}/deployment.0`,
    'host',
    `${id}`,
    'host',
  ];
  const times = { bare: [] as number[], decide: [] as number[], deploy: [] as number[] };
  for (let id = 0; id <= RUNS; id += 1) {
    const start = { args: call(id), stdin: guest(id).xml };
    const bare = timedStart({ args: ['-e', '0'] });
    // It ends by its own hand behind the lease.
    const decide = timedStart({ ...start, killAt: 'leased' });
    const deploy = timedStart(start);
    timedStart({ args: [hook, '--root', root, 'cancel', `one-${id}`, 'host', `${id}`, 'host'] });
    // The first round leaves V8's compiled code behind for those that follow, as the first start on a host does.
    if (id === 0) continue;
    times.bare.push(bare);
    times.decide.push(decide);
    times.deploy.push(deploy);
  }
  const [bare, decide, deploy] = [median(times.bare), median(times.decide), median(times.deploy)];
  const budget = startBudgetMs(bare);
  const bundleKiB = sizeKiB([hook, join(dirname(hook), 'run-hook.cjs')]);
  const readerKiB = sizeKiB([join(dirname(hook), 'xml-formats.cjs')]);
  const passed = decide <= budget && bundleKiB < BUNDLE_LIMIT_KIB;
  process.stdout.write(
    [
      `hook-start, medians of ${RUNS} interleaved runs on ${process.version}:`,
      `  bare node        ${bare.toFixed(1)} ms`,
      `  decide           ${decide.toFixed(1)} ms (budget ${budget.toFixed(1)} ms)`,
      `  deploy in a tree ${deploy.toFixed(1)} ms`,
      `  hook bundle      ${bundleKiB.toFixed(1)} KiB (limit ${BUNDLE_LIMIT_KIB} KiB), and ${readerKiB.toFixed(1)} KiB of XML reader`,
      passed ? '  within the budget' : '  OVER THE BUDGET',
      '',
    ].join('\n'),
  );
  process.exitCode = passed ? 0 : 1;
} finally {
  rmSync(root, { recursive: true, force: true });
}
