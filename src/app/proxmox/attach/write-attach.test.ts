import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTreeNode } from '../../../adapters/embedded/tree-node.ts';
import { fileLock } from '../../../adapters/ledger/file-lock.ts';
import type { NodePort } from '../../ports.ts';
import type { AttachRecord } from './attach-record.ts';
import {
  configLockFile,
  readAttachRecord,
  writeAttach,
  writeDetach,
  type AttachTools,
} from './write-attach.ts';
import type { AttachPlan } from './plan-attach.ts';

const FROM = 'cores: 2\nhookscript: local:snippets/old\n';
const RECORD: AttachRecord = {
  kind: 'pinfold/attached',
  version: 1,
  vm: '100',
  profile: 'database',
  keys: { hookscript: { before: 'local:snippets/old', after: 'local:snippets/pinfold' } },
};
const PLAN: AttachPlan = {
  from: FROM,
  text: 'cores: 2\nhookscript: local:snippets/pinfold\n',
  changes: [],
  record: RECORD,
  chained: 'local:snippets/old',
  isStrict: true,
  warnings: [],
};

let root: string;
let config: string;
let tools: AttachTools;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pinfold-attach-'));
  config = join(root, 'etc/pve/qemu-server/100.conf');
  mkdirSync(join(root, 'etc/pve/qemu-server'), { recursive: true });
  writeFileSync(config, FROM);
  tools = toolsOf(openTreeNode(root));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function toolsOf(node: NodePort): AttachTools {
  const configLock = fileLock(join(root, configLockFile('100')), 0.2);
  return { vmid: '100', node, configLock, policyFolder: '/etc/pve/pinfold' };
}

const kept = (name: string) => join(root, 'etc/pve/pinfold', name);

test('attach writes the config, and what detach and the hook script need', async () => {
  await writeAttach(tools, PLAN);
  expect(readFileSync(config, 'utf8')).toBe(PLAN.text);
  expect(readAttachRecord(tools)).toEqual(RECORD);
  expect(readFileSync(kept('chain/100'), 'utf8')).toBe('local:snippets/old\n');
  expect(existsSync(kept('strict/100'))).toBe(true);
});

test('a VM that may float and had no hook script leaves neither file', async () => {
  await writeAttach(tools, PLAN);
  await writeAttach(tools, { ...PLAN, from: PLAN.text, chained: null, isStrict: false });
  expect([existsSync(kept('chain/100')), existsSync(kept('strict/100'))]).toEqual([false, false]);
});

test('detach leaves nothing behind', async () => {
  await writeAttach(tools, PLAN);
  await writeDetach(tools, { from: PLAN.text, text: FROM, changes: [], warnings: [] });
  expect(readFileSync(config, 'utf8')).toBe(FROM);
  for (const folder of ['attached', 'chain', 'strict']) expect(readdirSync(kept(folder))).toEqual([]);
});

test('a config that was changed meanwhile is left alone', async () => {
  writeFileSync(config, 'cores: 4\n');
  await expect(writeAttach(tools, PLAN)).rejects.toThrow(
    /config of VM 100 was changed by somebody else meanwhile/,
  );
  expect(readFileSync(config, 'utf8')).toBe('cores: 4\n');
  expect(existsSync(kept('attached/100.json'))).toBe(false);
});

test('while a task holds the config’s lock, it ends in one sentence', async () => {
  const unlock = await fileLock(join(root, configLockFile('100'))).acquire();
  await expect(writeAttach(tools, PLAN)).rejects.toThrow(
    /^Another task works on VM 100 and kept its config locked/,
  );
  unlock();
  await writeAttach(tools, PLAN);
});

test('the record is there before the config is changed, so that detach can always undo', async () => {
  const { node } = tools;
  const breaking: AttachTools['node'] = {
    ...node,
    writeAtomically: (path, text, mode) => {
      if (path.endsWith('100.conf')) throw new Error('killed');
      node.writeAtomically(path, text, mode);
    },
  };
  await expect(writeAttach({ ...tools, node: breaking }, PLAN)).rejects.toThrow('killed');
  expect(readFileSync(config, 'utf8')).toBe(FROM);
  expect(readAttachRecord(tools)).toEqual(RECORD);
});

test('a VM that is not here, and a record that is garbage', async () => {
  rmSync(config);
  await expect(writeAttach(tools, PLAN)).rejects.toThrow(/There is no VM 100 on/);
  mkdirSync(kept('attached'), { recursive: true });
  for (const text of [
    '',
    '{',
    '[]',
    '{"kind":"pinfold/attached","version":1,"vm":"100","profile":"a","keys":{"numa":1}}',
  ]) {
    writeFileSync(kept('attached/100.json'), text);
    expect(readAttachRecord(tools)).toBeNull();
  }
});
