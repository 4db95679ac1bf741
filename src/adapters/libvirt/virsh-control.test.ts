import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { namedMachine } from '../../machines/named-machines.ts';
import { renderMachine } from '../../machines/render-machine.ts';
import { openTreeNode } from '../embedded/tree-node.ts';
import { writeTree } from '../local/write-tree.ts';
import { virshControl } from './virsh-control.ts';

const root = mkdtempSync(join(tmpdir(), 'pinfold-control-'));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const domain = (mode: string) => `<domain type='kvm'>
  <name>one-${mode}</name><vcpu>1</vcpu><memory unit='MiB'>64</memory>
  <cputune><vcpupin vcpu='0' cpuset='2'/></cputune>
  <numatune><memory mode='${mode}' nodeset='0'/></numatune>
  <os><type>hvm</type></os>
</domain>`;

test('on dual-socket-smt a restrictive guest is pinned anew and its memory moves; a strict one stays, in libvirt’s words', async () => {
  writeTree(renderMachine(namedMachine('dual-socket-smt')), root);
  const node = openTreeNode(root);
  const control = virshControl(node, 'qemu:///system', '/run/pinfold');
  for (const mode of ['restrictive', 'strict']) {
    node.writeAtomically(`/tmp/${mode}.xml`, domain(mode));
    await node.run(['virsh', 'create', `/tmp/${mode}.xml`]);
  }
  const pid = (name: string) => (node.files.read(`/run/libvirt/qemu/${name}.pid`) ?? '').trim();
  expect(await control.pinVcpu('one-restrictive', 0, '8')).toBeNull();
  expect(await control.pinEmulator('one-restrictive', '9')).toBeNull();
  expect(await control.moveMemory('one-restrictive', '1')).toBeNull();
  expect(node.files.read(`/proc/${pid('one-restrictive')}/numa_maps`)).toMatch(/ N1=16384 /);
  expect(await control.moveMemory('one-strict', '1')).toBe(
    'Requested operation is not valid: change of nodeset for running domain requires restrictive numa mode',
  );
  expect(await control.pinIothread('one-restrictive', 1, '8')).toMatch(/iothread 1 not found/);
  expect(await control.pinVcpu('nobody', 0, '8')).toMatch(/nobody/);
});
