import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustRun, runProgram } from '../kit/run-program.ts';
import { waitUntil } from '../kit/wait-until.ts';
import { fragment, isValid, TWO_CELLS, type PlanDocument } from '../player/rebalancing.ts';
import { makeStateFolder } from '../player/reconciling.ts';
import type { Stage } from '../player/stage.ts';
import type { Scenario } from './scenario.ts';

/** A login and three starts of Node.js, each of which takes up to five seconds inside, more beside other work. */
const TIMEOUT_MS = 240_000;
const AUTHORIZED = '/root/.ssh/authorized_keys';
/** Where root's shell over SSH finds the node's own Pinfold. */
const INSTALLED = '/usr/local/bin/pinfold';

export const scenario: Scenario = {
  starts:
    'dedicated guests on two cells of four CPUs until two CPUs are free on each, and a rebalance over SSH that is cut off half-way',
  sees: [
    'a plan over SSH is the plan that the node makes itself',
    'whose link is lost in the middle of a step, the real sshd lets it go on to its end, and every guest is valid',
    'reconcile over SSH then finds nothing, and the guest that had no room starts',
  ],
  isLong: true,
  hosts: ['trixie'],
  policy: TWO_CELLS,
  async play(stage) {
    await makeStateFolder(stage);
    const { running, late, request } = await fragment(stage, 430);
    const entered = await enter(stage);
    try {
      const { node, call } = entered;
      const here = (await stage.pinfold('rebalance', '--for', request, '--dry-run')) as PlanDocument;
      const preview = await call(['rebalance', '--for', request, '--dry-run', '--json', '--node', node]);
      stage.check('exit code of the dry run over SSH', [preview.code, preview.stderr], [0, '']);
      stage.check('the plan over SSH', JSON.parse(preview.stdout), here);
      const mover = here.changes[0]!.vm;
      const homeOf = () => stage.ledger.find(({ vm }) => vm === mover)?.placement?.nodeset ?? null;
      const before = homeOf();

      const cut = await call(
        ['rebalance', '--for', request, '--yes', '--node', node],
        `${node}: Step 1 of 1`,
      );
      stage.check('exit code of who is killed', cut.code, null);
      stage.holds('it was told of the first step', cut.stderr.includes('Step 1 of 1'), cut.stderr);
      const isOver = () => !stage.ledger.some(entry => 'step' in entry) && homeOf() !== before;
      await waitUntil(() => (isOver() ? true : null), {
        what: `${mover} to be on another cell`,
        timeoutMs: TIMEOUT_MS,
      });
      await isValid(stage, running, 'after the link was lost');
      for (const each of running) await stage.agrees(each);

      const quiet = await call(['reconcile', '--node', node]);
      stage.check('what reconcile says over SSH', [quiet.code, quiet.stdout, quiet.stderr], [0, '', '']);
      await stage.deploy(late);
      await isValid(stage, [...running, late], 'at the end');
    } finally {
      entered.leave();
    }
  },
};

/** This host as a node of a nodes.yaml, which root enters over SSH with a key that is made for it. */
async function enter(stage: Stage) {
  const folder = mkdtempSync(join(tmpdir(), 'pinfold-afar-'));
  const file = (name: string) => join(folder, name);
  await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', file('key')], {
    timeoutMs: TIMEOUT_MS,
  });
  const program = join(stage.delivery, 'dist/pinfold.cjs');
  mkdirSync('/root/.ssh', { recursive: true, mode: 0o700 });
  const authorized = readFileSync(AUTHORIZED, 'utf8');
  appendFileSync(AUTHORIZED, readFileSync(file('key.pub'), 'utf8'));
  writeFileSync(INSTALLED, `#!/bin/sh\nexec ${stage.node} ${program} "$@"\n`);
  chmodSync(INSTALLED, 0o755);
  const hostKey = readFileSync('/etc/ssh/ssh_host_ed25519_key.pub', 'utf8');
  writeFileSync(file('known_hosts'), `127.0.0.1 ${hostKey}`);
  const node = hostname().split('.')[0]!;
  const ssh = { key: file('key'), known_hosts: [file('known_hosts')], timeout_seconds: 120 };
  writeFileSync(file('nodes.yaml'), JSON.stringify({ [node]: { host: '127.0.0.1', ssh } }), { mode: 0o600 });
  return {
    node,
    /** Runs the delivered `pinfold`; it is killed with SIGKILL when it says `cue`. */
    call: (words: readonly string[], cue?: string) => {
      let [pid, said] = [0, ''];
      return runProgram([stage.node, program, ...words], {
        timeoutMs: TIMEOUT_MS,
        env: { ...process.env, PINFOLD_NODES: file('nodes.yaml') },
        onStart: started => {
          pid = started;
        },
        onOutput: text => {
          said += text;
          if (cue !== undefined && said.includes(cue)) process.kill(pid, 'SIGKILL');
        },
      });
    },
    leave: () => {
      writeFileSync(AUTHORIZED, authorized);
      rmSync(INSTALLED, { force: true });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
