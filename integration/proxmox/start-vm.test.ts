import { PveError } from './pve-error.ts';
import type { HookCall, PveMachine } from './pve-machine.ts';
import { setVm } from './set-vm.ts';
import { startVm } from './start-vm.ts';
import { cleanUpVm, stopVm } from './stop-vm.ts';

const CONF = '/etc/pve/nodes/pve1/qemu-server/100.conf';
const SCRIPT = '/var/lib/vz/snippets/hook';
const QEMU = 4242;

/** A node in memory, which notes what it is asked to do. */
class NotedMachine implements PveMachine {
  readonly name = 'pve1';
  readonly files = new Map([
    [CONF, 'hookscript: local:snippets/hook\nmemory: 64\n'],
    [SCRIPT, ''],
  ]);
  readonly acts: string[] = [];
  executable = true;
  locked = false;
  runs = false;
  launchCode = 0;
  hookCodes: Record<string, number> = {};
  onHook: (call: HookCall) => void = () => undefined;

  read = (path: string) => this.files.get(path) ?? null;
  write = (path: string, text: string) => void this.files.set(path, text);
  remove = (path: string) => void this.files.delete(path);
  kindOf = (path: string) =>
    this.files.has(path)
      ? this.executable
        ? ('executable' as const)
        : ('file' as const)
      : ('missing' as const);
  lock = (path: string, seconds: number) => {
    this.acts.push(`lock ${path} ${seconds}`);
    return Promise.resolve(this.locked ? null : () => void this.acts.push('unlock'));
  };
  hook = (call: HookCall) => {
    this.acts.push(`hook ${call.phase} ${JSON.stringify(call.environment)}`);
    this.onHook(call);
    return Promise.resolve({ code: this.hookCodes[call.phase] ?? 0, output: '' });
  };
  endUnit = (unit: string) => Promise.resolve(void this.acts.push(`end ${unit}`));
  launch = ({ argv }: { argv: readonly string[] }) => {
    this.acts.push(`launch -m ${argv[argv.indexOf('-m') + 1]!} ${argv[0]!}`);
    this.runs = this.launchCode === 0;
    return Promise.resolve({ code: this.launchCode, output: 'qemu said\n' });
  };
  pidOf = () => (this.runs ? QEMU : null);
  monitor = (_: string, command: string) => {
    this.acts.push(`monitor ${command}`);
    if (command === 'quit') this.runs = false;
    return Promise.resolve();
  };
  signal = (_: number, name: string) => {
    this.acts.push(name);
    this.runs = false;
    return Promise.resolve();
  };
  sleep = () => Promise.resolve();
  log = (line: string) => void this.acts.push(`log ${line}`);
}

const START = { migratedFrom: null };
const PLAIN = '{"PVE_MIGRATED_FROM":""}';

it('starts in the real order, the lock held to the end', async () => {
  const node = new NotedMachine();
  await startVm(node, '100', START);
  expect(node.acts).toEqual([
    'lock /var/lock/qemu-server/lock-100.conf 10',
    `hook pre-start ${PLAIN}`,
    'end 100.scope',
    'launch -m 64 /usr/bin/kvm',
    'log qemu said',
    'monitor query-status',
    `hook post-start ${PLAIN}`,
    'unlock',
  ]);
});

it('starts with the config as it was read, whatever pre-start writes to it', async () => {
  const node = new NotedMachine();
  node.onHook = () => node.files.set(CONF, 'memory: 9000\naffinity: 1\n');
  await startVm(node, '100', START);
  expect(node.acts).toContain('launch -m 64 /usr/bin/kvm');
  expect(node.files.get(CONF)).toBe('memory: 9000\naffinity: 1\n');
});

it('puts pending changes in force before pre-start, and loses unknown keys with that write', async () => {
  const node = new NotedMachine();
  node.files.set(CONF, 'memory: 64\nx-cells: 1\n\n[PENDING]\nmemory: 96\n');
  await startVm(node, '100', START);
  expect(node.acts).toContain('launch -m 96 /usr/bin/kvm');
  expect(node.files.get(CONF)).toBe('memory: 96\n');
});

it('lets the second taker of the lock fail in the words of the real one', async () => {
  const node = new NotedMachine();
  node.locked = true;
  await expect(startVm(node, '100', START)).rejects.toThrow(
    "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout",
  );
});

it('ends the start when pre-start fails, and calls no other phase', async () => {
  const node = new NotedMachine();
  node.hookCodes = { 'pre-start': 1 };
  await expect(startVm(node, '100', START)).rejects.toThrow(
    `hookscript error for 100 on pre-start: command '${SCRIPT} 100 pre-start' failed: exit code 1`,
  );
  expect(node.acts.filter(act => /launch|hook/.test(act))).toEqual([`hook pre-start ${PLAIN}`]);
});

it.each([
  ['missing', "script 'local:snippets/hook' does not exist"],
  ['not executable', "script 'local:snippets/hook' is not executable"],
])('refuses the start when the hook script is %s', async (how, words) => {
  const node = new NotedMachine();
  if (how === 'missing') node.files.delete(SCRIPT);
  else node.executable = false;
  await expect(startVm(node, '100', START)).rejects.toThrow(words);
});

it('only warns when post-start fails', async () => {
  const node = new NotedMachine();
  node.hookCodes = { 'post-start': 1 };
  await startVm(node, '100', START);
  expect(node.runs).toBe(true);
  expect(node.acts).toContain(
    `log hookscript error for 100 on post-start: command '${SCRIPT} 100 post-start' failed: exit code 1`,
  );
});

it('calls neither post-start nor post-stop when QEMU does not start', async () => {
  const node = new NotedMachine();
  node.launchCode = 1;
  await expect(startVm(node, '100', START)).rejects.toThrow('start failed: QEMU exited with code 1');
  expect(node.acts.filter(act => act.startsWith('hook'))).toEqual([`hook pre-start ${PLAIN}`]);
});

it("starts an incoming migration from the source node's config and says so to the hook", async () => {
  const node = new NotedMachine();
  node.files.set(CONF.replace('pve1', 'pve2'), 'hookscript: local:snippets/hook\nmemory: 32\n');
  node.files.delete(CONF);
  await startVm(node, '100', { migratedFrom: 'pve2' });
  expect(node.acts).toContain('hook pre-start {"PVE_MIGRATED_FROM":"pve2"}');
  expect(node.acts).toContain('launch -m 32 /usr/bin/kvm');
});

it('stops with pre-stop and post-stop, a crash is cleaned up with post-stop alone', async () => {
  const node = new NotedMachine();
  node.runs = true;
  await stopVm(node, '100', { shutdown: false, forceStop: true, timeoutSeconds: null });
  const gone = '{"PVE_MIGRATED_FROM":null}';
  expect(node.acts.slice(1)).toEqual([
    `hook pre-stop ${gone}`,
    'monitor quit',
    `hook post-stop ${gone}`,
    'unlock',
  ]);
  node.acts.length = 0;
  await cleanUpVm(node, '100', { clean: false, guest: false });
  expect(node.acts.slice(1)).toEqual([`hook post-stop ${gone}`, 'unlock']);
  node.acts.length = 0;
  await cleanUpVm(node, '100', { clean: true, guest: false });
  expect(node.acts.slice(1)).toEqual(['unlock']);
});

it('lets a guest that ignores its power button run, unless it is to be stopped by force', async () => {
  const node = new NotedMachine();
  node.runs = true;
  const asked = { shutdown: true, timeoutSeconds: 1 };
  await expect(stopVm(node, '100', { ...asked, forceStop: false })).rejects.toThrow(
    'VM quit/powerdown failed - got timeout',
  );
  await stopVm(node, '100', { ...asked, forceStop: true });
  expect(node.acts).toContain('SIGTERM');
});

it('keeps what a running VM cannot take at once for its next start, and tags in force', async () => {
  const node = new NotedMachine();
  node.runs = true;
  await setVm(node, '100', {
    values: new Map([
      ['affinity', '1'],
      ['tags', 'pin-db'],
    ]),
    deleted: [],
  });
  expect(node.files.get(CONF)).toBe(
    'hookscript: local:snippets/hook\nmemory: 64\ntags: pin-db\n\n[PENDING]\naffinity: 1\n',
  );
  expect(() => setVm(node, '100', { values: new Map([['x-cells', '1']]), deleted: [] })).toThrow(PveError);
});
