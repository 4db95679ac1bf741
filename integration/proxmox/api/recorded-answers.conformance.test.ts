import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startApiServer, type ApiServer } from './api-server.ts';
import { callApi, ticketHeaders } from './call-api.ts';
import { ALL_KEYS, type KeyRule } from './config-keys.ts';
import { memoryStore } from './guest-store.ts';
import type { ListedDevice } from './node-facts.ts';

const shared = process.env['PINFOLD_SHARED'] ?? join(process.cwd(), '..', 'shared');
const read = (path: string): unknown => JSON.parse(readFileSync(join(shared, path), 'utf8'));

interface Recorded {
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly params: Record<string, string>;
  };
  readonly status: number;
  readonly body: { readonly data: unknown };
}
const recorded = read('recorded/proxmox/answers.json') as readonly Recorded[];
const answerOf = (path: string) => recorded.find(({ request }) => request.path === path)!.body.data;

/** Times, process ids, certificates, and what a task id is made of. */
const TIMES_AND_IDS = new Set(['pid', 'pstart', 'starttime', 'uptime', 'ssl_fingerprint']);
const UPID = /UPID:(\w+):[0-9A-F]{8}:[0-9A-F]{8}:[0-9A-F]{8}:/g;
/** Lists whose order is the chance of a Perl hash. */
const rank = (value: unknown) => {
  const { key, vmid } = value as { key?: string; vmid?: number };
  return `${key ?? ''}${vmid ?? ''}`;
};

function comparable(value: unknown, name = ''): unknown {
  if (TIMES_AND_IDS.has(name)) return typeof value;
  if (typeof value === 'string') return value.replace(UPID, 'UPID:$1:pid:pstart:time:');
  if (Array.isArray(value))
    return value.map(entry => comparable(entry)).sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, comparable(part, key)]));
}

/** What is measured on a node at that moment: only names and kinds of values can be the same. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, shape(part)]));
}

let server: ApiServer;
beforeAll(async () => {
  const created = answerOf('/nodes/pvetest/qemu/140/config') as {
    meta: string;
    vmgenid: string;
    smbios1: string;
  };
  const ids = [created.vmgenid, created.smbios1.replace('uuid=', '')];
  const store = memoryStore();
  // The VM that was there before the recording began.
  store.write(100, 'cores: 2\nmemory: 64\nname: t100\ntags: pin-dedicated;web\n');
  server = await startApiServer({
    node: 'pvetest',
    store,
    accounts: [{ id: 'root@pam', secret: 'secret', grants: 'all' }],
    devices: answerOf('/nodes/pvetest/hardware/pci') as readonly ListedDevice[],
    newId: () => ids.shift()!,
    seconds: () => Number(/ctime=(\d+)/.exec(created.meta)![1]),
  });
});
afterAll(() => server.close());

test('the recorded requests in order have the recorded statuses and bodies, digests included', async () => {
  const there = { port: server.port, ca: server.tls.certificate };
  const headers = await ticketHeaders(there, 'root@pam', 'secret');
  const upids = new Map<string, string>();
  for (const { request, status, body } of recorded) {
    const path = request.path.replace(/UPID:[^/]*/, upid => upids.get(upid)!);
    const answer = await callApi({
      ...there,
      headers,
      method: request.method,
      path,
      parameters: request.params,
    });
    const given = (answer.body as { data: unknown }).data;
    if (typeof body.data === 'string') upids.set(body.data, String(given));
    const measured = request.path === '/nodes/pvetest/status';
    const [mine, theirs] = measured
      ? [shape(answer.body), shape(body)]
      : [comparable(answer.body), comparable(body)];
    expect([request, answer.status, mine]).toEqual([request, status, theirs]);
  }
});

interface Described {
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly enum?: readonly string[];
  readonly max_index?: number;
}

test('the keys of a config, their types and limits are those that the API describes', () => {
  const schema = read('reference/proxmox-api-schema.json') as Record<
    string,
    Record<string, { parameters: { properties: Record<string, Described> } }>
  >;
  const described = schema['/nodes/{node}/qemu/{vmid}/config']!['PUT']!.parameters.properties;
  const beside = ['node', 'vmid', 'digest', 'delete', 'revert', 'skiplock', 'force'];
  const theirs = Object.entries(described).filter(([key]) => !beside.includes(key));
  const limits = (rule: KeyRule) => ({
    type: rule.type,
    minimum: rule.minimum,
    maximum: rule.maximum,
    maxLength: rule.longest,
    enum: rule.words,
  });
  const mine = new Map<string, unknown>(
    Object.entries(ALL_KEYS.plain)
      .filter(([key]) => key !== 'meta')
      .map(([key, rule]) => [key, limits(rule)]),
  );
  for (const [stem, [most]] of Object.entries(ALL_KEYS.numbered)) mine.set(`${stem}[n]`, most);
  expect(mine).toEqual(
    new Map(
      theirs.map(([key, { type, minimum, maximum, maxLength, enum: words, max_index }]) => [
        key,
        max_index ?? { type, minimum, maximum, maxLength, enum: words },
      ]),
    ),
  );
});
