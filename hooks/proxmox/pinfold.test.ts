import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let top: string;
const at = (...names: string[]) => join(top, ...names);
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'pinfold-snippet-'));
  for (const folder of ['home', 'etc/strict', 'etc/chain', 'snippets'])
    mkdirSync(at(folder), { recursive: true });
});
afterEach(() => {
  rmSync(top, { recursive: true, force: true });
});

const engine = (text: string) => {
  writeFileSync(at('home/hook-proxmox.cjs'), text);
};
const SAYS = 'console.log("engine", process.argv.slice(2).join(" "), process.env.PINFOLD_WORKER > 1)';

function call(phase: string, env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync('dash', [join(__dirname, 'pinfold'), '101', phase], {
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'] ?? '',
      PINFOLD_NODE: process.execPath,
      PINFOLD_HOME: at('home'),
      PINFOLD_ETC: at('etc'),
      PINFOLD_SNIPPETS: at('snippets'),
      ...env,
    },
  });
  return { status, stdout, stderr };
}

test('the snippet passes VMID, phase and the task on, and the answer back', () => {
  engine(SAYS);
  expect(call('pre-start')).toEqual({ status: 0, stdout: 'engine 101 pre-start true\n', stderr: '' });
  engine('console.log("pinfold: no room"); process.exitCode = process.env.PINFOLD_REFUSED');
  expect(call('pre-start')).toEqual({ status: 1, stdout: 'pinfold: no room\n', stderr: '' });
});

describe.each<[string, () => void, Record<string, string>]>([
  ['is missing', () => undefined, {}],
  [
    'ends with a stack trace',
    () => {
      engine('throw new Error("a stack trace")');
    },
    {},
  ],
  [
    'is killed',
    () => {
      engine('process.kill(process.pid, "SIGKILL")');
    },
    {},
  ],
  [
    'is too slow',
    () => {
      engine('setInterval(() => {}, 1000)');
    },
    { PINFOLD_TIMEOUT: '1' },
  ],
  [
    'has no Node',
    () => {
      engine(SAYS);
    },
    { PINFOLD_NODE: '/nonexistent' },
  ],
])('an engine that %s', (_, breakIt, env) => {
  test('lets a VM start with a warning, unless it is marked strict', () => {
    breakIt();
    const plain = call('pre-start', env);
    expect([plain.status, plain.stderr]).toEqual([0, expect.not.stringContaining('stack')]);
    expect(plain.stdout).toMatch(/WARN: pinfold: Pinfold is missing, broken or too slow on this node.*\.\n$/);
    writeFileSync(at('etc/strict/101'), '');
    const strict = call('pre-start', env);
    expect(strict.status).toBe(1);
    expect(strict.stdout).toMatch(/pinfold: VM 101 is not started: its policy is strict, .*\.\n$/);
    expect(call('post-stop', env).status).toBe(0);
  });
});

describe('a hook script that the VM had before', () => {
  const chain = (volume: string) => {
    writeFileSync(at('etc/chain/101'), `${volume}\n`);
  };
  const script = (text: string) => {
    writeFileSync(at('snippets/mine.sh'), `#!/bin/sh\n${text}\n`);
    chmodSync(at('snippets/mine.sh'), 0o755);
  };

  test('is called behind the engine with the same words, and its failure ends the start', () => {
    engine(SAYS);
    chain('local:snippets/mine.sh');
    script('echo "mine $*"');
    expect(call('pre-start')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/\nmine 101 pre-start\n$/),
    });
    script('exit 3');
    expect(call('pre-start').status).toBe(3);
  });

  test('is not called for a start that the engine refuses', () => {
    engine('process.exitCode = process.env.PINFOLD_REFUSED');
    chain('local:snippets/mine.sh');
    script('echo mine');
    expect(call('pre-start')).toEqual({ status: 1, stdout: '', stderr: '' });
  });

  test('that is gone fails the start, as Proxmox VE itself would', () => {
    engine(SAYS);
    chain('local:snippets/mine.sh');
    expect(call('pre-start').status).not.toBe(0);
  });

  test.each(['local:snippets/../../bin/sh', '/bin/sh', 'local:iso/x', ''])(
    'named "%s" is not called',
    volume => {
      engine(SAYS);
      chain(volume);
      expect(call('pre-start')).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/no local:snippets\/NAME/),
      });
    },
  );
});
