import { parseWith } from '../../documents/parse-with.ts';
import { DOCUMENT_SCHEMAS } from '../../documents/document-schemas.ts';
import { runPinfold } from '../../testing/built-program.ts';
import { PlacedNode } from '../../testing/placed-node.ts';

let node: PlacedNode;
beforeEach(async () => {
  node = new PlacedNode('laptop-1c');
  await node.started(1, {
    vcpus: 1,
    pinfold: { HW_CPU_POLICY: 'dedicated', HW_EMULATOR_THREADS_POLICY: 'isolate' },
  });
});
afterEach(() => {
  node.remove();
});

const run = (...words: string[]) => runPinfold(['reconcile', '--root', node.root, ...words]);
const stray = () => {
  const { tid } = node.threads('one-1').find(({ role }) => role === 'vcpu')!;
  node.setMask('one-1', tid, '0-3');
};

test('reconcile says nothing and ends with 0 when all is well; a dry run says so', () => {
  expect(run()).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(run('--dry-run')).toMatchObject({ code: 0, stdout: 'Everything is where it was decided.\n' });
});

test('reconcile prints a document of its schema, in a dry run and after a repair', () => {
  stray();
  for (const [words, dryRun, repair] of [
    [['--dry-run'], true, 'planned'],
    [[], false, 'done'],
  ] as const) {
    const { code, stdout } = run('--json', ...words);
    const document = parseWith(DOCUMENT_SCHEMAS.reconcile, JSON.parse(stdout), 'the answer');
    expect(document).toMatchObject({
      dryRun,
      drift: [{ code: 'vcpu-astray', repair }],
      changes: [{ change: 'repin-vcpu' }],
    });
    expect(code).toBe(0);
  }
});

test('reconcile ends with 6 when something remains, and says what', () => {
  stray();
  node.put('/run/libvirt/qemu/one-1.xml', '<domstatus/>');
  const { code, stdout } = run();
  expect(code).toBe(6);
  expect(stdout).toMatch(
    /^vCPU 0 of one-1 may run on 0-3 .* failed .*\.\n1 difference found, 0 mended\.\n$/s,
  );
});

test('reconcile takes a damaged ledger aside, says so once, and learns from what runs', () => {
  node.put('/run/pinfold/ledger.json', '{');
  expect(run().stderr).toMatch(/was damaged/);
  expect(run()).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(node.entry('one-1').placement).not.toBeNull();
});

test('a word that reconcile does not know is refused', () => {
  expect(run('--dryrun')).toMatchObject({ code: 2, stderr: expect.stringContaining('--dry-run') });
});
