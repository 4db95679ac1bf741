import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DOCUMENT_SCHEMAS } from '../../documents/document-schemas.ts';
import { parseWith } from '../../documents/parse-with.ts';
import type { Placement } from '../../domain/decision.ts';
import { namedMachine } from '../../machines/named-machines.ts';
import { runPinfold } from '../../testing/built-program.ts';
import { PlacedNode } from '../../testing/placed-node.ts';
import { bundleHook, ProxmoxTree } from '../../testing/proxmox-tree.ts';

jest.setTimeout(60_000);
const DEDICATED = { HW_CPU_POLICY: 'dedicated' };

/** The document of `pinfold explain`, checked against its schema, with the placement that it must have. */
function explained(vm: string, root: string) {
  const { code, stdout, stderr } = runPinfold(['explain', vm, '--root', root, '--json']);
  expect([code, stderr]).toEqual([0, '']);
  const explanation = parseWith(DOCUMENT_SCHEMAS.explanation, JSON.parse(stdout), 'the explanation');
  const { decision } = explanation;
  if (!('placement' in decision)) throw new Error('no placement');
  return { pairs: explanation.pairs, placement: decision.placement as Placement, why: decision.why };
}

describe('explain of a guest that OpenNebula started', () => {
  let node: PlacedNode;
  const records = () => {
    const folder = join(node.root, 'run/pinfold/decisions');
    return existsSync(folder) ? readdirSync(folder) : [];
  };
  beforeEach(() => {
    node = new PlacedNode('dual-socket-smt');
  });
  afterEach(() => {
    node.remove();
  });

  test('gives the decision of its start, and the same reasons after other guests came and went', async () => {
    await node.started(1, { vcpus: 2, pinfold: DEDICATED });
    await node.started(7, { vcpus: 4, pinfold: DEDICATED });
    const before = explained('one-7', node.root);
    expect(before.placement).toEqual(node.entry('one-7').placement);
    expect(before.pairs.map(({ state }) => state).sort()).toEqual(['chosen', 'possible']);
    await node.started(8, { vcpus: 6, pinfold: DEDICATED });
    await node.virsh('destroy', 'one-1');
    await node.reconcile();
    expect(explained('one-7', node.root)).toEqual(before);
    expect(records()).toEqual(['one-7.json', 'one-8.json']);
    expect(runPinfold(['explain', 'one-7', '--root', node.root]).stdout).not.toContain('Since then');
  });

  test('says where the guest is now when it was moved since', async () => {
    await node.started(7, { vcpus: 1, pinfold: DEDICATED });
    const [pin] = Object.values(node.entry('one-7').placement!.pins);
    node.edit('/run/pinfold/ledger.json', `"pins":{"0":"${pin!}"}`, '"pins":{"0":"9"}');
    expect(runPinfold(['explain', 'one-7', '--root', node.root]).stdout).toMatch(
      /\nSince then one-7 has been moved: its vCPUs are on CPUs 0:9 now\.\n$/,
    );
  });

  test('says why a guest floats that asked for CPUs of its own', async () => {
    await node.start(7, { vcpus: 40, pinfold: { ...DEDICATED, ON_REFUSAL: 'float' } });
    const { code, stdout } = runPinfold(['explain', 'one-7', '--root', node.root]);
    expect(code).toBe(0);
    expect(stdout.replace(/\s+/g, ' ')).toMatch(
      /one-7 was let start without the CPUs that it asks for, as its policy says\. .*\b40\b.*\. $/,
    );
  });

  test.each(['', '{"kind":', '{"kind":"pinfold/decision-record","version":1}', '[]', 'null'])(
    'says in one sentence that its record is damaged (%j)',
    async text => {
      await node.started(7, { vcpus: 1, pinfold: DEDICATED });
      writeFileSync(join(node.root, 'run/pinfold/decisions/one-7.json'), text);
      const { code, stdout, stderr } = runPinfold(['explain', 'one-7', '--root', node.root]);
      expect([code, stdout]).toEqual([5, '']);
      expect(stderr).toMatch(
        /^pinfold: [^\n]*decisions\/one-7\.json is damaged: [^\n]*--request FILE[^\n]*\.\n$/,
      );
    },
  );

  test('keeps a guest running whose record cannot be written', async () => {
    node.put('/run/pinfold/decisions', 'a file in place of the folder');
    await node.started(7, { vcpus: 1, pinfold: DEDICATED });
    expect(node.entry('one-7').process).not.toBeNull();
    expect(runPinfold(['explain', 'one-7', '--root', node.root]).stderr).toContain(
      'Nothing is recorded of one-7',
    );
  });
});

describe('explain of a VM of Proxmox VE', () => {
  const hook = bundleHook();
  let node: ProxmoxTree;
  afterAll(() => {
    hook.remove();
  });
  beforeEach(() => {
    node = new ProxmoxTree(hook.path, namedMachine('dual-socket-smt'));
    node.policy({ fast: { extra_specs: { 'hw:cpu_policy': 'dedicated' } } });
    node.vm('101', { cores: 2 });
  });
  afterEach(() => node.remove());

  test('gives the decision of its start while it runs, and what would happen now when it does not', async () => {
    expect((await node.start('101')).log).not.toContain('WARN');
    const running = explained('101', node.root);
    expect(Object.values(running.placement.pins)).toEqual(node.masks('101').vcpus);
    expect(node.list('/run/pinfold/decisions')).toEqual(['101.json']);
    await node.stop('101');
    expect(node.list('/run/pinfold/decisions')).toEqual([]);
    // Guests that took its place meanwhile count, which they would not by a record.
    node.vm('102', { cores: 2 });
    await node.start('102');
    const stopped = explained('101', node.root);
    expect(Object.values(stopped.placement.pins)).not.toEqual(Object.values(running.placement.pins));
    const text = runPinfold(['explain', '101', '--root', node.root]).stdout;
    expect(text).not.toContain('As it was decided');
  });

  test('holds a VM to the host cells of its config, as its start does', () => {
    node.vm('101', { cores: 2, lines: ['numa: 1', 'numa0: cpus=0-1,hostnodes=1,memory=512,policy=bind'] });
    const { placement, pairs } = explained('101', node.root);
    expect(placement.nodeset).toBe('1');
    expect(pairs.map(({ state }) => state)).toEqual(['impossible', 'chosen']);
  });

  test('says why a VM is not placed, and which VM is none', () => {
    node.vm('101', { tags: '' });
    expect(runPinfold(['explain', '101', '--root', node.root]).stderr).toMatch(
      /^pinfold: No tag of VM 101 names a profile[^\n]*\.\n$/,
    );
    expect(runPinfold(['explain', '999', '--root', node.root]).stderr).toContain(
      'Nothing is recorded of 999',
    );
  });

  test('is left without a record when the start ends before QEMU is there', async () => {
    const worker = node.worker();
    await node.phase('101', 'pre-start', { worker });
    expect(node.list('/run/pinfold/decisions')).toEqual(['101.json']);
    await node.endWorker(worker);
    await node.stop('101');
    expect(node.list('/run/pinfold/decisions')).toEqual([]);
    expect(readFileSync(join(node.root, 'run/pinfold/ledger.json'), 'utf8')).toContain('"placed":1');
  });
});
