import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTree } from '../../src/adapters/local/write-tree.ts';
import { TreeFiles } from '../../src/adapters/embedded/tree-files.ts';
import { renderMachine } from '../../src/machines/render-machine.ts';
import type { PveMachine } from './pve-machine.ts';
import { startVm } from './start-vm.ts';
import { cleanUpVm, stopVm } from './stop-vm.ts';
import { treeMachine } from './tree-machine.ts';

const HOOK = join(__dirname, '../../dist/hook-proxmox.cjs');

/** Each case starts several processes; a machine that does much else at once needs the time. */
jest.setTimeout(120_000);

/** Two cells of four CPUs. */
const MACHINE = {
  name: 'pve1',
  sockets: 2,
  cellsPerSocket: 1,
  coresPerCell: 4,
  threadsPerCore: 1,
  coresPerCache: 4,
  memoryMiBPerCell: 4096,
  usedMiBPerCell: 256,
  pools: [{ sizeKiB: 2048, total: 256 }],
  distances: { near: 10, far: 20 },
};

let root: string;
let files: TreeFiles;
let machine: PveMachine;
let log: string[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pinfold-pve-'));
  writeTree(renderMachine(MACHINE), root);
  files = new TreeFiles(root);
  log = [];
  files.write({
    path: '/etc/pve/pinfold/policy.yaml',
    text: 'cpu_shared_set: "0"\ncpu_dedicated_set: "1-7"\nstrategy: pack\n',
  });
  files.write({
    path: '/etc/pve/pinfold/profiles.yaml',
    text: 'database:\n  extra_specs: { "hw:cpu_policy": dedicated, "hw:emulator_threads_policy": share }\n',
  });
  files.write({ path: '/etc/pve/datacenter.cfg', text: 'registered-tags: pin-database\n' });
  files.write({ path: '/var/lib/vz/snippets/pinfold', text: '#!/bin/sh\n' });
  chmodSync(join(root, '/var/lib/vz/snippets/pinfold'), 0o755);
  machine = treeMachine({ root, name: 'pve1', hook: HOOK, log: line => log.push(line) });
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function configure(vmid: string, text: string): void {
  const common = 'hookscript: local:snippets/pinfold\nmemory: 512\ntags: pin-database\n';
  files.write({ path: `/etc/pve/nodes/pve1/qemu-server/${vmid}.conf`, text: `${text}${common}` });
}

const START = { migratedFrom: null };
const STOP = { shutdown: false, forceStop: true, timeoutSeconds: null };

function masks(vmid: string): Record<string, string> {
  const pid = machine.pidOf(vmid)!;
  const tasks = files
    .list(`/proc/${pid}/task`)
    .map(tid => files.read(`/proc/${pid}/task/${tid}/status`) ?? '');
  return Object.fromEntries(
    tasks.map(status => [
      /^Name:\t(.*)$/m.exec(status)![1]!,
      /^Cpus_allowed_list:\t(.*)$/m.exec(status)![1]!,
    ]),
  );
}

const claims = () => files.read('/run/pinfold/ledger.json') ?? '';
const dropIns = () => readdirSync(join(root, 'run/systemd/system')).filter(name => name.endsWith('.scope.d'));

it('places a guest through both phases, stops it and leaves nothing', async () => {
  configure('100', 'cores: 2\n');
  await startVm(machine, '100', START);
  const seen = masks('100');
  expect([seen['CPU 0/KVM'], seen['CPU 1/KVM'], seen['kvm']]).toEqual(['1', '2', '0']);
  expect(log.join('\n')).toMatch(/pinfold: VM 100 /);
  expect(claims()).toContain('"vm":"100"');
  await stopVm(machine, '100', STOP);
  expect(claims()).not.toContain('"vm":"100"');
  expect(dropIns()).toEqual([]);
});

it('leaves nothing of a guest that crashed, once qmeventd has it cleaned up', async () => {
  configure('100', 'cores: 2\n');
  await startVm(machine, '100', START);
  await machine.signal(machine.pidOf('100')!, 'SIGKILL');
  await cleanUpVm(machine, '100', { clean: false, guest: false });
  expect(claims()).not.toContain('"vm":"100"');
  expect(dropIns()).toEqual([]);
});

it('lets no two guests have one CPU, and refuses the one for which none is left', async () => {
  for (const [index, cores] of [3, 4].entries()) {
    configure(`10${index}`, `cores: ${cores}\n`);
    await startVm(machine, `10${index}`, START);
  }
  const cpus = ['100', '101'].flatMap(vmid =>
    Object.entries(masks(vmid)).flatMap(([name, mask]) => (name.startsWith('CPU') ? [mask] : [])),
  );
  expect(cpus.sort()).toEqual(['1', '2', '3', '4', '5', '6', '7']);
  configure('102', 'cores: 1\n');
  await expect(startVm(machine, '102', START)).rejects.toThrow(/hookscript error for 102 on pre-start/);
  expect(log.at(-1)).toMatch(/^pinfold: VM 102 is not started: /);
});

it('collects the lease of a start that QEMU did not survive with the next one', async () => {
  configure('100', 'cores: 3\nargs: -object memory-backend-ram,id=x,size=1M,host-nodes=7,policy=bind\n');
  await expect(startVm(machine, '100', START)).rejects.toThrow('start failed: QEMU exited with code 1');
  expect(machine.pidOf('100')).toBeNull();
  configure('100', 'cores: 3\n');
  await startVm(machine, '100', START);
  expect(masks('100')).toMatchObject({ 'CPU 0/KVM': '1', 'CPU 1/KVM': '2', 'CPU 2/KVM': '3' });
});

it("places an incoming migration without writing to the other node's config", async () => {
  configure('100', 'cores: 2\n');
  const text = files.read('/etc/pve/nodes/pve1/qemu-server/100.conf')!;
  files.remove('/etc/pve/nodes/pve1/qemu-server/100.conf');
  const other = '/etc/pve/nodes/pve2/qemu-server/100.conf';
  files.write({ path: other, text });
  await startVm(machine, '100', { migratedFrom: 'pve2' });
  expect(masks('100')).toMatchObject({ 'CPU 0/KVM': '1', 'CPU 1/KVM': '2' });
  expect(files.read(other)).toBe(text);
});
