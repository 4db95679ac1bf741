import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PlacedNode } from '../../src/testing/placed-node.ts';

jest.setTimeout(60_000);
let top: string;
let node: PlacedNode;
const at = (...parts: string[]) => join(top, ...parts);
const PROBE = 'remotes/im/kvm-probes.d/host/system/pinfold';

/** A front-end's remotes with Pinfold as its installer leaves it, and a Node that puts the tree in place of "/". */
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'pinfold-probe-'));
  node = new PlacedNode('dual-socket-smt');
  mkdirSync(at('remotes/vmm/kvm'), { recursive: true });
  mkdirSync(at('remotes/im/kvm-probes.d/host/system'), { recursive: true });
  cpSync(__dirname, at('delivery/hooks/opennebula'), { recursive: true });
  cpSync(join(__dirname, '../../dist'), at('delivery/dist'), { recursive: true });
  install();
  program('node-on-tree', `hook=$1; shift; exec "${process.execPath}" "$hook" --root "${node.root}" "$@"`);
});
afterEach(() => {
  node.remove();
  rmSync(top, { recursive: true, force: true });
});

function install(...options: string[]): void {
  const { status, stderr } = spawnSync(at('delivery/hooks/opennebula/install'), [...options, at('remotes')], {
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
}

/** The Node that driver.conf names. */
function program(name: string, body: string): void {
  writeFileSync(at(name), `#!/bin/bash\n${body}\n`);
  chmodSync(at(name), 0o755);
  mkdirSync(at('remotes/etc/vmm/kvm/pinfold'), { recursive: true });
  writeFileSync(at('remotes/etc/vmm/kvm/pinfold/driver.conf'), `PINFOLD_NODE=${at(name)}\n`);
}

function probe() {
  const { status, stdout, stderr } = spawnSync(at(PROBE), ['0', 'host'], { encoding: 'utf8' });
  return { status, stdout, stderr };
}
const facts = () =>
  Object.fromEntries(
    probe()
      .stdout.trimEnd()
      .split('\n')
      .map(line => line.split('=')),
  ) as Record<string, string>;

describe("the probe of OpenNebula's monitoring", () => {
  test('prints what the scheduler can ask for, which follows what runs', async () => {
    const policy = 'cpu_dedicated_set: "2-15,18-31"\ncpu_shared_set: "0-1"\ncpu_allocation_ratio: 4\n';
    mkdirSync(at('remotes/etc/vmm/kvm/pinfold'), { recursive: true });
    writeFileSync(at('remotes/etc/vmm/kvm/pinfold/policy.yaml'), policy);
    node.policy(policy);
    // The wrappers name the folder on the host itself; in a tree it is the tree's.
    node.put(at('remotes/etc/vmm/kvm/pinfold/policy.yaml'), policy);
    const before = facts();
    expect(Object.values(before).every(value => /^\d+$/.test(value))).toBe(true);
    expect(before).toMatchObject({
      PINFOLD_CELLS: '2',
      PINFOLD_FREE_DEDICATED: '28',
      PINFOLD_LARGEST_CELL: '16',
      PINFOLD_LARGEST_HOLE: '16',
      PINFOLD_FREE_SHARED: '8',
      PINFOLD_FREE_PAGES_2048: '16384',
      PINFOLD_LARGEST_CELL_PAGES_2048: '8192',
    });
    await node.started(7, { vcpus: 3, pinfold: { HW_CPU_POLICY: 'dedicated', PINFOLD_CELLS: '1' } });
    await node.started(8, { vcpus: 1, pinfold: { HW_CPU_POLICY: 'dedicated', PINFOLD_CELLS: '0' } });
    const after = facts();
    // The fourth CPU of a core that is half taken is free, but no part of a hole.
    expect(after).toMatchObject({
      PINFOLD_FREE_DEDICATED: '24',
      PINFOLD_LARGEST_CELL: '13',
      PINFOLD_LARGEST_HOLE: '12',
    });
    expect(Number(after['PINFOLD_LARGEST_CELL_MB'])).toBeLessThan(Number(before['PINFOLD_LARGEST_CELL_MB']));
  });

  test.each([
    ['Pinfold ends with a failure', 'echo PINFOLD_CELLS=9 >&2; exit 1'],
    ['it prints what is no fact', 'echo "PINFOLD_X=1 2"; echo "NAME=evil"; echo "PINFOLD_CELLS=\\"1\\""'],
    ['Node is missing', 'exec /nonexistent/node'],
  ])('says nothing and ends well when %s', (_name, body) => {
    program('broken', body);
    expect(probe()).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('says nothing where the policy is damaged', () => {
    node.put(at('remotes/etc/vmm/kvm/pinfold/policy.yaml'), 'cpu_dedicated_set: [');
    expect(probe()).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('is taken out again with the driver, and says nothing where the driver is gone', () => {
    expect(statSync(at(PROBE)).mode & 0o777).toBe(0o755);
    rmSync(at('remotes/vmm/kvmpinfold'), { recursive: true });
    expect(probe()).toEqual({ status: 0, stdout: '', stderr: '' });
    install('--remove');
    expect(existsSync(at(PROBE))).toBe(false);
  });
});
