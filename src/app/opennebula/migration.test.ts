import type { DecisionRecord } from '../../domain/decision-record.ts';
import { AppError, EXIT } from '../../domain/app-error.ts';
import { decide } from '../../engine/decide.ts';
import { buildHostModel } from '../../engine/host-model.ts';
import { readClaimMetadata } from '../../formats/domain-xml/claim-metadata.ts';
import type { MachineName } from '../../machines/named-machines.ts';
import { PlacedNode, type PlacedGuestWish } from '../../testing/placed-node.ts';
import type { ChannelEnd, Heard, LineChannel } from '../ports.ts';
import { arrive } from './arrival.ts';
import { depart } from './departure.ts';
import type { DriverAnswer, DriverCall } from './driver-call.ts';

jest.setTimeout(60_000);

const DEDICATED = { HW_CPU_POLICY: 'dedicated' };
const FLOAT = { ...DEDICATED, ON_REFUSAL: 'float' };
const GUEST = { vcpus: 2, pinfold: DEDICATED };

/** One direction of a connection. */
class Pipe {
  readonly #lines: string[] = [];
  #ended = false;
  #wake: () => void = () => undefined;

  put(line: string): void {
    this.#lines.push(line);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  receive(timeoutMs: number): Promise<Heard> {
    return new Promise(resolve => {
      const settle = (heard: Heard) => {
        clearTimeout(timer);
        this.#wake = () => undefined;
        resolve(heard);
      };
      const timer = setTimeout(() => {
        settle({ kind: 'late' });
      }, timeoutMs);
      this.#wake = () => {
        const line = this.#lines.shift();
        if (line !== undefined) settle({ kind: 'line', line });
        else if (this.#ended) settle({ kind: 'end' });
      };
      this.#wake();
    });
  }
}

/** Both ends of a connection; a side that closes ends what the other one hears. */
function connection(end: ChannelEnd = { code: 0, said: '' }): readonly [LineChannel, LineChannel] {
  const [up, down] = [new Pipe(), new Pipe()];
  const side = (out: Pipe, into: Pipe): LineChannel => ({
    send: line => {
      out.put(line);
    },
    receive: timeoutMs => into.receive(timeoutMs),
    close: () => {
      out.end();
      return Promise.resolve(end);
    },
  });
  return [side(up, down), side(down, up)];
}

let source: PlacedNode;
let target: PlacedNode;
/** What the destination does until it ends. */
let arrival: Promise<unknown> = Promise.resolve();

function open(machine: MachineName = 'laptop-1c', other: MachineName = machine): void {
  source = new PlacedNode(machine);
  target = new PlacedNode(other);
}
afterEach(async () => {
  await arrival;
  arrival = Promise.resolve();
  source.remove();
  target.remove();
  jest.restoreAllMocks();
});

/** Pinfold on the destination, as the source reaches it. */
function toTarget(): Promise<LineChannel> {
  const [ours, theirs] = connection();
  const call = target.call('arrive', []);
  arrival = arrive({ ...call, migration: { ...call.migration, fromSource: () => Promise.resolve(theirs) } });
  return Promise.resolve(ours);
}

/** A destination that says these lines and ends so. */
function saying(lines: readonly string[], end: ChannelEnd = { code: 0, said: '' }) {
  return (): Promise<LineChannel> => {
    const [ours, theirs] = connection(end);
    for (const line of lines) theirs.send(line);
    void theirs.close();
    return Promise.resolve(ours);
  };
}

interface Trip {
  readonly toHost?: () => Promise<LineChannel>;
  /** OpenNebula's script, given the XML with which the guest goes, or null when it was given none. */
  readonly stock?: (xml: string | null) => Promise<DriverAnswer>;
  readonly answerMs?: number;
  /** The PINFOLD section that the driver's message has, null = none; absent: the message says nothing of the VM. */
  readonly section?: Readonly<Record<string, string>> | null;
  readonly change?: Partial<DriverCall>;
}

/** The driver's message as far as it concerns a policy: the whole VM is in it, its USER_TEMPLATE as it is now. */
function messageOf(section: Readonly<Record<string, string>> | null): string {
  const pairs = Object.entries(section ?? {}).map(([key, value]) => `<${key}><![CDATA[${value}]]></${key}>`);
  const policy = section === null ? '' : `<PINFOLD>${pairs.join('')}</PINFOLD>`;
  return `<VMM_DRIVER_ACTION_DATA><VM><ID>1</ID><USER_TEMPLATE>${policy}</USER_TEMPLATE></VM></VMM_DRIVER_ACTION_DATA>`;
}

/** What OpenNebula's script would do: the guest is born on the destination and ends here. */
async function moves(xml: string | null): Promise<DriverAnswer> {
  target.put('/tmp/incoming.xml', (xml ?? '').replace(/ id='\d+'/, ''));
  await target.virsh('create', '/tmp/incoming.xml');
  await source.virsh('destroy', 'one-1');
  return { code: 0, stdout: '', stderr: '' };
}

const fails = (): Promise<DriverAnswer> =>
  Promise.resolve({ code: 1, stdout: '', stderr: 'error: operation failed\n' });

function migrate({
  toHost = toTarget,
  stock = moves,
  answerMs = 5_000,
  section,
  change = {},
}: Trip = {}): Promise<DriverAnswer> {
  const message = section === undefined ? '<MESSAGE/>' : messageOf(section);
  const call = {
    ...source.call('migrate', ['one-1', 'target', 'source', '1', 'source'], message),
    ...change,
  };
  const node: DriverCall['node'] = {
    ...call.node,
    run: async (argv, options) => {
      if (argv[0]?.endsWith('/kvm/migrate') !== true) return call.node.run(argv, options);
      const file = options?.env?.['TRAVEL'];
      return stock(file === undefined ? null : call.node.files.read(file));
    },
  };
  const environment = (file: string) => Promise.resolve({ TRAVEL: file });
  return depart({ ...call, node, migration: { ...call.migration, toHost, environment, answerMs } });
}

/** All that could be seen of the guest where it runs now. */
const state = (node: PlacedNode) => ({
  masks: node.threads('one-1').map(({ role, index, allowed }) => [role, index, allowed.toString()]),
  entry: node.entry('one-1'),
});
const held = (node: PlacedNode) =>
  node.read('/run/pinfold/ledger.json') === '' ? [] : node.ledger().entries.map(({ vm }) => vm);

describe('a guest that migrates live', () => {
  test('is born on CPUs that nobody has on the destination, and leaves nothing where it was', async () => {
    open();
    await source.started(1, GUEST);
    await target.started(5, GUEST);
    const [before, taken] = [source.vcpus('one-1'), target.vcpus('one-5')];
    let born: string[] = [];
    const { code, stderr } = await migrate({
      stock: async xml => {
        const answer = await moves(xml);
        born = target.vcpus('one-1');
        return answer;
      },
    });
    expect([code, stderr]).toEqual([0, '']);
    await arrival;
    expect(born).toHaveLength(2);
    expect(taken).toEqual(expect.arrayContaining(before));
    expect(taken).not.toEqual(expect.arrayContaining([born[0]]));
    expect(taken).not.toEqual(expect.arrayContaining([born[1]]));
    expect(target.vcpus('one-1')).toEqual(born);
    expect(target.entry('one-1')).toMatchObject({
      process: target.qemu('one-1').process,
      foreign: null,
      claim: { source: 'observed' },
      placement: { pins: { 0: born[0], 1: born[1] } },
    });
    expect(held(source)).toEqual([]);
    expect(source.node.files.list('/run/pinfold').filter(name => name.startsWith('travel'))).toEqual([]);
    expect((await target.reconcile()).drift).toEqual([]);
    expect(JSON.parse(target.read('/run/pinfold/decisions/one-1.json'))).toMatchObject({
      vm: 'one-1',
      request: { vcpus: 2 },
      host: { claims: [{ vm: 'one-5' }] },
    });
  });

  test('keeps its guest cells and its pages, whatever a new start would get there', async () => {
    open('epyc-nps4');
    const pinfold = { ...DEDICATED, HW_NUMA_NODES: '2', HW_MEM_PAGE_SIZE: 'large' };
    await source.started(1, { vcpus: 4, memoryMiB: 1024, pinfold });
    const cells = (node: PlacedNode) =>
      node
        .entry('one-1')
        .placement!.cells.map(({ vcpus, memoryMiB, pageSizeKiB }) => [vcpus, memoryMiB, pageSizeKiB]);
    const before = cells(source);
    // Host cell 0 has no room left there.
    await target.started(5, { vcpus: 16, memoryMiB: 512, pinfold: DEDICATED });
    expect(await migrate()).toMatchObject({ code: 0, stderr: '' });
    await arrival;
    expect(cells(target)).toEqual(before);
    expect(target.entry('one-1').placement!.cells.map(({ hostCell }) => hostCell)).not.toContain(
      target.entry('one-5').placement!.cells[0]!.hostCell,
    );
  });

  test('goes back at once and away again as the guest that it was, and leaves nothing on either host', async () => {
    open('epyc-nps4');
    const pinfold = { ...DEDICATED, HW_NUMA_NODES: '2', HW_MEM_PAGE_SIZE: 'large' };
    await source.started(1, { vcpus: 4, memoryMiB: 1024, pinfold });
    const shape = (node: PlacedNode) => {
      const { placement, foreign } = node.entry('one-1');
      const cells = placement!.cells.map(({ vcpus, memoryMiB, pageSizeKiB }) => [
        vcpus,
        memoryMiB,
        pageSizeKiB,
      ]);
      return { cells, foreign };
    };
    const before = shape(source);
    let asked: unknown;
    for (let trip = 0; trip < 3; trip += 1) {
      expect(await migrate()).toMatchObject({ code: 0, stderr: '' });
      await arrival;
      expect([held(source), shape(target)]).toEqual([[], before]);
      const { request } = target.entry('one-1');
      expect(request).toEqual(asked ?? request);
      asked = request;
      [source, target] = [target, source];
    }
  });

  test('stays as it was where there is no room, and its owner reads why', async () => {
    open();
    await source.started(1, GUEST);
    await target.started(5, { vcpus: 3, pinfold: DEDICATED });
    const before = state(source);
    const stock = jest.fn(moves);
    const { code, stderr } = await migrate({ stock });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^target has no place for the VM, so it was not migrated: The guest needs 2 dedicated CPUs.* \n$/,
    );
    expect(stock).not.toHaveBeenCalled();
    expect(state(source)).toEqual(before);
    expect(held(target)).toEqual(['one-5']);
  });

  test('floats on the destination where there is no room and its policy says so', async () => {
    open();
    await source.started(1, { ...GUEST, pinfold: FLOAT });
    await target.started(5, { vcpus: 3, pinfold: DEDICATED });
    const { code, stderr } = await migrate();
    expect(code).toBe(0);
    expect(stderr).toMatch(/WARN: pinfold: The guest needs 2 dedicated CPUs.*its policy says float/);
    await arrival;
    expect(target.entry('one-1').wished).toMatchObject({ extraSpecs: { 'hw:cpu_policy': 'dedicated' } });
    expect(target.vcpus('one-1')).not.toEqual(expect.arrayContaining(target.vcpus('one-5')));
  });

  test.each([
    ['several cells', { HW_NUMA_NODES: '2' }],
    ['large pages', { HW_MEM_PAGE_SIZE: 'large' }],
  ])('that floats and has %s is told why it finds no room', async (_, shape) => {
    open('epyc-nps4');
    await source.started(1, { vcpus: 4, memoryMiB: 1024, pinfold: { ...FLOAT, ...shape } });
    target.policy('cpu_dedicated_set: "1"\ncpu_shared_set: "2-63"\n');
    const { code, stderr } = await migrate();
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^WARN: pinfold: .*dedicated CPUs/)]);
    expect(stderr).not.toContain('cold start');
    await arrival;
    expect(held(target)).toEqual([]);
  });

  test('keeps every pin where the migration fails, and its place on the destination is free again', async () => {
    open();
    await source.started(1, GUEST);
    const before = state(source);
    const { code, stderr } = await migrate({
      stock: async () => {
        expect(held(target)).toEqual(['one-1']);
        return fails();
      },
    });
    expect([code, stderr]).toEqual([1, 'error: operation failed\n']);
    await arrival;
    expect(held(target)).toEqual([]);
    expect(state(source)).toEqual(before);
  });

  test('that Pinfold did not place travels as it is, and nobody is asked', async () => {
    open();
    await source.started(1, { vcpus: 2, pinfold: null });
    const toHost = jest.fn(toTarget);
    let given: string | null = '';
    const stock = (xml: string | null) => {
      given = xml;
      return fails();
    };
    expect((await migrate({ toHost, stock })).code).toBe(1);
    expect(given).toBeNull();
    expect(toHost).not.toHaveBeenCalled();
  });

  test.each([
    ['by which reconcile kept it off the CPUs of others stay behind', true, null],
    ['of its own go with it', false, ['<vcpupin', '<vcpupin', '<emulatorpin']],
  ])('that Pinfold did not place: pins %s', async (_, confined, pins) => {
    open();
    await source.started(1, { vcpus: 2, pinfold: null });
    if (!confined)
      for (const words of [
        ['vcpupin', 'one-1', '0', '2-3'],
        ['vcpupin', 'one-1', '1', '2-3'],
        ['emulatorpin', 'one-1', '2-3'],
      ])
        await source.virsh(...words, '--live');
    await source.started(5, { vcpus: 1, pinfold: DEDICATED });
    await source.reconcile();
    expect(source.entry('one-1').foreign).not.toBeNull();
    const before = (await source.call('', []).domains.migratableXml('one-1'))!;
    expect(before).toContain('<vcpupin');
    let xml: string | null = null;
    await migrate({
      stock: given => {
        xml = given ?? before;
        return fails();
      },
    });
    expect(xml!.match(/<(?:vcpupin|emulatorpin)/g)).toEqual(pins);
    expect((await source.call('', []).domains.migratableXml('one-1'))!).toBe(before);
  });

  test('that runs on the destination already under its name is not migrated', async () => {
    open();
    await source.started(1, GUEST);
    await target.started(1, GUEST);
    expect((await migrate()).stderr).toMatch(/one-1 already runs on this host as process/);
    expect(held(source)).toEqual(['one-1']);
  });
});

describe('the word of the section as it is now', () => {
  beforeEach(async () => {
    open();
    await source.started(1, GUEST);
    await target.started(5, { vcpus: 3, pinfold: DEDICATED });
  });

  test('lets a guest go that began strict and has no room there', async () => {
    const { code, stderr } = await migrate({ section: FLOAT });
    expect([code, stderr]).toEqual([0, expect.stringContaining('its policy says float')]);
    await arrival;
    expect(target.entry('one-1').wished).toMatchObject({ extraSpecs: { 'hw:cpu_policy': 'dedicated' } });
  });

  test('lets a guest go whose section is gone, wherever its Pinfold there cannot be asked', async () => {
    const { code, stderr } = await migrate({
      section: null,
      toHost: saying([], { code: 255, said: 'no route' }),
    });
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/It goes without a placement, because its PINFOLD section is gone\.\n$/),
    ]);
  });

  test('keeps a guest that began floating when it says strict, and one whose section says nothing of it', async () => {
    expect((await migrate({ section: DEDICATED })).stderr).toMatch(/^target has no place for the VM/);
    await source.virsh('destroy', 'one-1');
    await source.started(1, { ...GUEST, pinfold: FLOAT });
    const { code, stderr } = await migrate({ section: { ...DEDICATED, ON_REFUSAL: 'strict' } });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^target has no place for the VM/)]);
  });
});

describe('a host whose ledger is of no use', () => {
  const bornOn = async () => {
    await arrival;
    return target.vcpus('one-1');
  };

  test.each([
    [
      'is lost',
      () => {
        source.node.remove('/run/pinfold/ledger.json');
      },
      '',
    ],
    [
      'is damaged',
      () => {
        source.put('/run/pinfold/ledger.json', '{');
      },
      'WARN: pinfold: The ledger /run/pinfold/ledger.json was damaged',
    ],
  ])('sends a guest of its own to a place of the destination’s when it %s', async (_, breakIt, words) => {
    open();
    await source.started(1, GUEST);
    await target.started(5, GUEST);
    breakIt();
    const { code, stderr } = await migrate();
    expect([code, stderr]).toEqual([0, expect.stringContaining(words)]);
    const born = await bornOn();
    for (const cpu of born) expect(target.vcpus('one-5')).not.toContain(cpu);
    expect(target.entry('one-1').foreign).toBeNull();
  });

  test('asks with what the guest carries when another start has read the ledger anew meanwhile', async () => {
    open();
    await source.started(1, GUEST);
    source.node.remove('/run/pinfold/ledger.json');
    await source.started(2, { vcpus: 1, pinfold: DEDICATED });
    expect(source.entry('one-1').request).toBeUndefined();
    expect(await migrate()).toMatchObject({ code: 0, stderr: '' });
    expect(new Set(await bornOn()).size).toBe(2);
  });

  const BUSY = new AppError('lock-busy', EXIT.state, 'Another start held the lock.');
  const busy = () => ({ ...source.call('', []).ledger, acquire: () => Promise.reject(BUSY) });
  const NO_FOLDER = new AppError('state-folder-foreign', EXIT.state, 'The state folder belongs to user 7.');
  /** Neither ledger nor libvirt's adapter can be had without a state folder. */
  const folderless = () => ({
    ledger: { ...source.call('', []).ledger, acquire: () => Promise.reject(NO_FOLDER) },
    domains: { ...source.call('', []).domains, migratableXml: () => Promise.reject(NO_FOLDER) },
  });

  test.each([
    ['is held by somebody', () => ({ ledger: busy() })],
    ['lies in a folder that cannot be trusted', folderless],
  ])('lets a guest without a policy go when it %s', async (_, change) => {
    open();
    await source.started(1, { vcpus: 2, pinfold: null });
    const given: (string | null)[] = [];
    const stock = (xml: string | null) => {
      given.push(xml);
      return Promise.resolve({ code: 0, stdout: '', stderr: '' });
    };
    const { code, stderr } = await migrate({ stock, change: change(), section: null });
    expect([code, given]).toEqual([0, [null]]);
    expect(stderr).toMatch(/^WARN: pinfold: (Another start held|The state folder belongs)/);
  });

  test('lets a guest go with the pins that reconcile gave it when there is no room for its XML', async () => {
    open();
    await source.started(1, { vcpus: 2, pinfold: null });
    await source.started(5, { vcpus: 1, pinfold: DEDICATED });
    await source.reconcile();
    const full = () => {
      throw new AppError('state-full', EXIT.state, 'The disk is full.');
    };
    const stock = jest.fn(() => Promise.resolve({ code: 0, stdout: '', stderr: '' }));
    const node = { ...source.node, writeAtomically: full };
    expect(await migrate({ stock, change: { node } })).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('WARN: pinfold: The disk is full.') as string,
    });
    expect(stock).toHaveBeenCalledTimes(1);
  });

  test('keeps a strict guest, and no other one, in a state folder that cannot be trusted', async () => {
    open();
    await source.started(1, GUEST);
    const stock = jest.fn(fails);
    const { code, stderr } = await migrate({ stock, change: folderless(), section: DEDICATED });
    expect([code, stderr]).toEqual([1, 'The state folder belongs to user 7. \n']);
    expect(stock).not.toHaveBeenCalled();
    await migrate({ stock, change: folderless(), section: FLOAT });
    expect(stock).toHaveBeenCalled();
  });
});

const MARK = 'pinfold-arrival ';
const line = (answer: unknown) => `${MARK}${JSON.stringify(answer)}`;

describe('a destination that does not answer as it should', () => {
  const cases: [string, () => Promise<LineChannel>, RegExp][] = [
    [
      'is not there',
      saying([], { code: 255, said: 'ssh: connect to host target port 22: No route to host' }),
      /^target could not be reached over ssh \(ssh: connect .* No route to host\), so the VM was not migrated: /,
    ],
    [
      'has a colourful greeting',
      saying([], { code: 255, said: '\u001b[31mGo\u0007 away\u009b0m' }),
      /^target could not be reached over ssh \( \[31mGo away 0m\), so/,
    ],
    [
      'has an older Pinfold',
      saying([], { code: 94, said: '' }),
      /^Pinfold on target is older than here.*onehost sync/,
    ],
    [
      'ends',
      saying([], { code: 1, said: 'The state folder is full.' }),
      /ended without an answer \(The state folder is full\)/,
    ],
    [
      'says half a line',
      saying([`${MARK}{"kind":"placed","xml":"<dom`]),
      /cannot be used \(it cannot be read\)/,
    ],
    [
      'answers with no domain',
      saying([line({ kind: 'placed', xml: 'x', warnings: [] })]),
      /is not that of this VM/,
    ],
    [
      'answers with another domain',
      saying([line({ kind: 'placed', xml: "<domain type='kvm'><name>one-1</name></domain>", warnings: [] })]),
      /is not that of this VM/,
    ],
    ['confirms at once', saying([line({ kind: 'confirmed', warnings: [] })]), /it cannot be read/],
    [
      'talks on and on',
      saying(Array.from({ length: 300 }, () => 'Welcome')),
      /said something else than Pinfold/,
    ],
    ['cannot be asked', () => Promise.reject(new Error('EAGAIN')), /EAGAIN/],
  ];

  test.each(cases)('keeps a strict guest where it is when it %s', async (_, toHost, words) => {
    open();
    await source.started(1, GUEST);
    const before = state(source);
    const stock = jest.fn(moves);
    const { code, stderr } = await migrate({ toHost, stock });
    expect([code, stderr]).toEqual([1, expect.stringMatching(words)]);
    expect(stderr).toMatch(/^[^\n]*\. \n$/);
    expect(stock).not.toHaveBeenCalled();
    expect(state(source)).toEqual(before);
  });

  test.each(cases)('gets a floating guest without a pin when it %s', async (_, toHost) => {
    open();
    await source.started(1, { ...GUEST, pinfold: FLOAT });
    const { code, stderr } = await migrate({ toHost });
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^WARN: pinfold: .* It goes without a placement, because its policy says float\.\n$/,
    );
    expect(target.vcpus('one-1')).toEqual(['0-3', '0-3']);
    const xml = (await target.call('', []).domains.migratableXml('one-1'))!;
    expect(readClaimMetadata(xml)?.extra).toMatchObject({ onRefusal: 'float', profile: null });
  });

  test('keeps a strict guest where it is when it is too slow', async () => {
    open();
    await source.started(1, GUEST);
    const [ours] = connection();
    const { code, stderr } = await migrate({ toHost: () => Promise.resolve(ours), answerMs: 50 });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/did not say within 0 seconds where the VM would go/),
    ]);
  });

  test('gets every guest without a pin where it has no Pinfold, and reconcile there places it later', async () => {
    open();
    await source.started(1, GUEST);
    const { code, stderr } = await migrate({ toHost: saying([], { code: 93, said: '' }) });
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(
        /^WARN: pinfold: Pinfold is not on target, so one-1 goes there without a placement.*\n$/,
      ),
    ]);
    expect(target.vcpus('one-1')).toEqual(['0-3', '0-3']);
    expect(held(source)).toEqual([]);
    target.put('/run/pinfold/ledger.json', '');
    const { drift } = await target.reconcile();
    expect(drift.map(({ code: what, cause }) => [what, cause])).toContainEqual([
      'guest-unplaced',
      'migrated-in',
    ]);
    expect(new Set(target.vcpus('one-1')).size).toBe(2);
    const record = JSON.parse(target.read('/run/pinfold/decisions/one-1.json')) as DecisionRecord;
    expect(record).toMatchObject({ vm: 'one-1', host: { claims: [] } });
    expect(decide(buildHostModel(record.host), record.request)).toMatchObject({
      placement: target.entry('one-1').placement,
    });
  });

  test('may greet first', async () => {
    open();
    await source.started(1, GUEST);
    const greeting = async () => {
      const channel = await toTarget();
      const words = ['Last login: today', ''];
      return {
        ...channel,
        receive: (timeoutMs: number): Promise<Heard> => {
          const word = words.shift();
          return word === undefined
            ? channel.receive(timeoutMs)
            : Promise.resolve({ kind: 'line', line: word });
        },
      };
    };
    expect(await migrate({ toHost: greeting })).toMatchObject({ code: 0, stderr: '' });
  });

  test('that is gone when the guest has arrived is named', async () => {
    open();
    await source.started(1, GUEST);
    const answer = await migrate({
      toHost: async () => {
        const channel = await toTarget();
        let heard = 0;
        return {
          ...channel,
          receive: timeoutMs =>
            heard++ === 0 ? channel.receive(timeoutMs) : Promise.resolve({ kind: 'end' }),
        };
      },
    });
    expect(answer.code).toBe(0);
    expect(answer.stderr).toMatch(/target did not confirm that one-1 runs where it was decided/);
  });
});

describe('the destination', () => {
  /** Asks for a place and answers what the destination said, with the connection still open. */
  async function asked(guest: PlacedGuestWish = GUEST, change: Record<string, unknown> = {}) {
    await source.started(1, guest);
    const xml = (await source.call('', []).domains.migratableXml('one-1'))!;
    const channel = await toTarget();
    const { request } = source.entry('one-1');
    const question = {
      kind: 'pinfold/arrival',
      version: 1,
      source: 's',
      request,
      onRefusal: 'strict',
      profile: null,
      xml,
      ...change,
    };
    channel.send(JSON.stringify(question));
    const heard = await channel.receive(20_000);
    const said = heard.kind === 'line' ? heard.line.slice(MARK.length) : '{}';
    return { channel, answer: JSON.parse(said) as Record<string, string> };
  }

  test.each([
    ['another version', { version: 2 }, /version 2, and Pinfold here knows version 1/],
    ['no request', { request: { kind: 'nothing' } }, /what the VM asks for/],
    ['an XML that is none', { xml: '<domain' }, /domain XML/],
    ['a policy that does not exist', { onRefusal: 'maybe' }, /could not be read/],
  ])('refuses what has %s, and holds nothing', async (_, change, words) => {
    open();
    const { answer } = await asked(GUEST, change);
    expect([answer['kind'], answer['reason']]).toEqual(['refused', expect.stringMatching(words)]);
    await arrival;
    expect(held(target)).toEqual([]);
  });

  test('refuses where it has no pages of the size that the guest is made of', async () => {
    open('dual-socket-smt', 'laptop-1c');
    const { answer } = await asked({
      ...GUEST,
      pinfold: { ...DEDICATED, HW_MEM_PAGE_SIZE: '1GB' },
      memoryMiB: 1024,
    });
    expect(answer['kind']).toBe('refused');
    expect(answer['reason']).toMatch(/wants a page size that host cell 0 does not have/);
  });

  test('refuses by its own policy, not by that of the source', async () => {
    open();
    target.policy('cpu_dedicated_set: "3"\n');
    const { answer } = await asked();
    expect(answer['reason']).toMatch(/needs 2 dedicated CPUs, and host cell 0 has 1 in all/);
  });

  test('gives the place back when the source is gone before the guest came', async () => {
    open();
    const { channel } = await asked();
    expect(held(target)).toEqual(['one-1']);
    await channel.close();
    await arrival;
    expect(held(target)).toEqual([]);
  });

  test('keeps the place when the source is gone and the guest is there', async () => {
    open();
    const { channel, answer } = await asked();
    target.put('/tmp/incoming.xml', answer['xml']!.replace(/ id='\d+'/, ''));
    await target.virsh('create', '/tmp/incoming.xml');
    await channel.close();
    await arrival;
    expect(held(target)).toEqual(['one-1']);
  });

  test('keeps the lease alive as long as the source waits', async () => {
    open();
    const { channel } = await asked();
    const before = target.entry('one-1').claim.expires!;
    const now = Date.now();
    jest.spyOn(Date, 'now').mockImplementation(() => now + 500_000);
    channel.send('waiting');
    await until(() => target.entry('one-1').claim.expires! > before);
    expect(target.entry('one-1').claim.expires! - before).toBeGreaterThanOrEqual(499);
    channel.send('failed');
    await arrival;
    expect(held(target)).toEqual([]);
  });
});

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo() && tries < 500; tries += 1)
    await new Promise<void>(resolve => {
      setTimeout(resolve, 10);
    });
}
