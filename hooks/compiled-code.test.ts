import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTree } from '../src/adapters/local/write-tree.ts';
import { namedMachine } from '../src/machines/named-machines.ts';
import { renderMachine } from '../src/machines/render-machine.ts';
import { ProxmoxTree } from '../src/testing/proxmox-tree.ts';

jest.setTimeout(120_000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinfold-compiled-'));
  for (const name of readdirSync('dist').filter(file => file.endsWith('.cjs')))
    copyFileSync(join('dist', name), join(folder, name));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const ONLY_IN_A_TREE = ['tree-parts', 'run-stand-in'];

/** Files of the hook of which V8's compiled code lies beside them, but for those that only a tree needs. */
function compiled(): string[] {
  return readdirSync(folder)
    .filter(name => name.endsWith('.cache'))
    .map(name => name.replace(/\.cjs\..*/, ''))
    .filter(name => !ONLY_IN_A_TREE.includes(name))
    .sort();
}

test('each phase leaves behind what V8 compiled, but of a file that several load only the phase that uses most of it', async () => {
  const node = new ProxmoxTree(join(folder, 'hook-proxmox.cjs'), namedMachine('laptop-1c'));
  try {
    node.policy({ fast: { extra_specs: { 'hw:cpu_policy': 'dedicated' } } }, {});
    node.vm('101', { cores: 2, memory: 64 });
    const worker = node.worker();
    await node.phase('101', 'post-stop', { worker });
    expect(compiled()).toEqual(['post-stop']);
    await node.phase('101', 'pre-start', { worker });
    const start = ['compile-policy', 'post-stop', 'run-phase', 'whole-topology'];
    expect(compiled()).toEqual(start);
    expect(node.qemu('101', worker).code).toBe(0);
    await node.phase('101', 'post-start', { worker });
    expect(compiled()).toEqual([...start, 'exclusivity-parts', 'post-start'].sort());
  } finally {
    await node.remove();
  }
});

test('of what several actions of OpenNebula load, a deploy leaves the compiled code and no other action does', () => {
  const root = mkdtempSync(join(tmpdir(), 'pinfold-tree-'));
  const place = '/var/lib/one/datastores/0/1';
  const vm =
    '<VM><ID>1</ID><NAME>n</NAME><TEMPLATE><VCPU>2</VCPU></TEMPLATE><USER_TEMPLATE><PINFOLD><HW_CPU_POLICY><![CDATA[dedicated]]></HW_CPU_POLICY></PINFOLD></USER_TEMPLATE></VM>';
  const domain =
    "<domain type='kvm'><name>one-1</name><vcpu>2</vcpu><memory>65536</memory><os><type arch='x86_64'>hvm</type></os></domain>\n";
  const hook = (...words: readonly string[]) =>
    spawnSync(process.execPath, [join(folder, 'hook-opennebula.cjs'), '--root', root, ...words], {
      input: domain,
      encoding: 'utf8',
    });
  try {
    writeTree(renderMachine(namedMachine('laptop-1c')), root);
    writeTree(new Map([[`${place}/vm.xml`, vm]]), root);
    hook('cancel', 'one-1', 'host', '1', 'host');
    const shared = () => compiled().filter(name => ['run-hook', 'xml-formats'].includes(name));
    expect(shared()).toEqual([]);
    const { status, stderr } = hook('deploy', `${place}/deployment.0`, 'host', '1', 'host');
    expect([status, stderr]).toEqual([0, expect.anything()]);
    expect(shared()).toEqual(['run-hook', 'xml-formats']);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
