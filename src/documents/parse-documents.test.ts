import fc from 'fast-check';
import { AppError, EXIT } from '../domain/app-error.ts';
import { DOCUMENT_ERROR_CODES } from '../domain/request-error-codes.ts';
import { hostOf } from '../machines/host-of.ts';
import { NAMED_MACHINES } from '../machines/named-machines.ts';
import { LIMITS } from './limits.ts';
import { parseHost } from './parse-host.ts';
import { parseNodePolicy } from './parse-node-policy.ts';
import { parseProfiles } from './parse-profiles.ts';
import { parseRequest } from './parse-request.ts';
import { parseTopology } from './parse-topology.ts';
import { parseTrace } from './parse-trace.ts';
import { readJson } from './read-json.ts';

const REQUEST = { kind: 'pinfold/request', version: 1, vm: '101', vcpus: 8, memoryMiB: 8192 };
const HOST = hostOf(NAMED_MACHINES['dual-socket-smt'], { cpu_dedicated_set: '2-31' }, [
  {
    vm: '100',
    source: 'leased',
    owner: '17:4711',
    expires: 1e9,
    cells: [{ hostCell: 0, pcpus: '4-5', sharedVcpus: 0, memoryMiB: 2048, pageSizeKiB: null, pages: 524288 }],
    emulator: { policy: 'isolate', cpus: '5', share: 0.5 },
    devices: ['0000:3b:00.0'],
  },
]);

type Json = Record<string, unknown> & {
  topology: { cells: Record<string, unknown>[]; cpus: Record<string, string> };
  claims: Record<string, unknown>[];
};
const copyOf = (value: unknown) => JSON.parse(JSON.stringify(value)) as Json;

function failure(parse: () => unknown): AppError {
  try {
    parse();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

function hostWith(change: (host: Json) => void): unknown {
  const host = copyOf(HOST);
  change(host);
  return host;
}

describe('a sound document', () => {
  test.each(Object.keys(NAMED_MACHINES) as (keyof typeof NAMED_MACHINES)[])(
    'of the machine %s comes back as it was',
    name => {
      const host = hostOf(NAMED_MACHINES[name]);
      expect(parseHost(copyOf(host))).toEqual(copyOf(host));
      expect(parseTopology(copyOf(host.topology))).toEqual(copyOf(host.topology));
    },
  );

  test('with policy and claims comes back as it was', () => {
    expect(parseHost(copyOf(HOST))).toEqual(copyOf(HOST));
  });

  test('may say which of the CPUs of a claim no thread runs on', () => {
    const host = hostWith(
      ({ claims }) => (claims[0]!['cells'] = [{ hostCell: 0, memoryMiB: 0, pcpus: '1-2', burnt: '2' }]),
    );
    expect(parseHost(host).claims[0]?.cells[0]).toMatchObject({ pcpus: '1-2', burnt: '2' });
    const cell = { hostCell: 0, memoryMiB: 0, pcpus: '1-2' };
    expect(
      parseHost(hostWith(({ claims }) => (claims[0]!['cells'] = [cell]))).claims[0]?.cells[0],
    ).not.toHaveProperty('burnt');
  });

  test('may leave out what means null or none', () => {
    const host = hostWith(({ topology, ...rest }) => {
      for (const key of ['looseCores', 'devices']) Reflect.deleteProperty(topology, key);
      for (const cell of topology.cells) Reflect.deleteProperty(cell, 'distances');
      Reflect.deleteProperty(topology.cpus, 'isolated');
      return rest;
    });
    expect(parseHost(host).topology).toMatchObject({ looseCores: [], devices: [], cpus: { isolated: null } });
    expect(parseHost({ ...copyOf(HOST), claims: undefined, policy: undefined })).toMatchObject({
      claims: [],
      policy: {},
    });
  });

  test('of a request comes back as it was', () => {
    const request = {
      ...REQUEST,
      iothreads: 1,
      carrier: 'proxmox',
      extraSpecs: { 'hw:cpu_policy': 'dedicated' },
      imageProperties: {},
      devices: [
        { address: '0000:21:00.0' },
        { vendor: '8086', product: '10ed', count: 2, policy: 'preferred' },
      ],
    };
    expect(parseRequest(request)).toEqual(request);
  });
});

describe('another document than the one that is wanted', () => {
  test.each([
    [() => parseHost(copyOf(HOST).topology), 'kind is "pinfold/topology" and must be "pinfold/host"'],
    [() => parseRequest(copyOf(HOST)), 'kind is "pinfold/host" and must be "pinfold/request"'],
    [() => parseRequest({ ...REQUEST, version: 2, cpus: 4 }), 'version is 2 and must be 1'],
  ])('is told by its kind and version, not by its keys (%#)', (parse, words) => {
    expect(failure(parse).message).toContain(words);
  });
});

describe('an unknown key is named with the nearest right one', () => {
  test.each([
    [() => parseRequest({ ...REQUEST, vcpu: 4 }), /^The request has the unknown key "vcpu"; .* "vcpus"\.$/],
    [() => parseRequest({ ...REQUEST, vcpus: undefined, vcpu: 4 }), /"vcpu"; .* "vcpus"/],
    [() => parseRequest(JSON.parse('{"__proto__":{"vcpus":1}}')), /unknown key "__proto__"/],
    [
      () => parseRequest({ ...REQUEST, devices: [{ adress: 'x' }] }),
      /devices\[0\] has the unknown key "adress"; .* "address"/,
    ],
    [
      () => parseHost(hostWith(host => (host.topology.cells[1]!['core'] = []))),
      /topology\.cells\[1\] .* "core"; .* "cores"/,
    ],
    [
      () => parseHost(hostWith(host => (host['policy'] = { cpu_dedicatd_set: '1' }))),
      /policy .* "cpu_dedicatd_set"; .* "cpu_dedicated_set"/,
    ],
    [() => parseHost(hostWith(host => (host.claims[0]!['cell'] = []))), /claims\[0\] .* "cell"; .* "cells"/],
    [
      () => parseNodePolicy({ exclusivty: 'auto' }),
      /^Policy\.yaml has the unknown key "exclusivty"; .* "exclusivity"/,
    ],
    [
      () => parseProfiles({ database: { extra_spec: {} } }),
      /database has the unknown key "extra_spec"; .* "extra_specs"/,
    ],
  ])('%#', (parse, sentence) => {
    expect(failure(parse)).toMatchObject({
      code: 'document-unknown-key',
      exit: EXIT.usage,
      message: expect.stringMatching(sentence) as string,
    });
  });
});

describe('a wrong value is named with what is allowed', () => {
  test.each([
    [() => parseRequest(null), /^The request is null and must be a request document\.$/],
    [() => parseRequest([]), /is a list and must be/],
    [() => parseRequest({ ...REQUEST, vm: undefined }), /vm is missing and must be/],
    [
      () => parseRequest({ ...REQUEST, vcpus: 0 }),
      /vcpus is 0 and must be a whole number of vCPUs from 1 to 4096/,
    ],
    [() => parseRequest({ ...REQUEST, vcpus: 4097 }), /vcpus is 4097/],
    [() => parseRequest({ ...REQUEST, vcpus: '8' }), /vcpus is "8"/],
    [() => parseRequest({ ...REQUEST, vcpus: Number.NaN }), /vcpus is NaN/],
    [() => parseRequest({ ...REQUEST, memoryMiB: 0.5 }), /memoryMiB is 0.5/],
    [() => parseRequest({ ...REQUEST, memoryMiB: 2 ** 53 }), /memoryMiB is 9007199254740992/],
    [() => parseRequest({ ...REQUEST, version: 2 }), /version is 2 and must be 1/],
    [
      () => parseRequest({ ...REQUEST, carrier: 'xen' }),
      /carrier is "xen" and must be "libvirt" or "proxmox"/,
    ],
    [
      () => parseRequest({ ...REQUEST, extraSpecs: { 'hw:numa_nodes': 2 } }),
      /extraSpecs\.hw:numa_nodes is 2 and must be a text/,
    ],
    [
      () => parseRequest({ ...REQUEST, devices: [{ vendor: '8086' }] }),
      /devices\[0\] is wrong: name one device by/,
    ],
    [
      () => parseRequest({ ...REQUEST, devices: [{ address: '0000:21:00.0', count: 2 }] }),
      /devices\[0\] is wrong/,
    ],
    [() => parseRequest({ ...REQUEST, devices: [{ address: '21:0' }] }), /a PCI address such as/],
    [() => parseRequest({ ...REQUEST, vm: 'x'.repeat(1e6) }), /^.{0,200}$/],
    [
      () => parseHost(hostWith(host => (host.topology.cells[0]!['cpus'] = '0-'))),
      /cells\[0\]\.cpus is wrong: "0-"/,
    ],
    [() => parseHost(hostWith(host => (host.topology.cells[0]!['distances'] = { x: 1 }))), /distances\.x/],
    [() => parseHost(hostWith(host => (host.topology.cells[0]!['memoryMiB'] = -1))), /memoryMiB is -1/],
    [() => parseHost(hostWith(host => (host.claims[0]!['source'] = 'seen'))), /"observed" or "leased"/],
    [
      () =>
        parseHost(
          hostWith(
            host => (host.claims[0]!['cells'] = [{ hostCell: 0, memoryMiB: 0, pcpus: '1', burnt: '1-3' }]),
          ),
        ),
      /burns the CPUs 2-3 on host cell 0, which are not among its "pcpus" there/,
    ],
    [
      () =>
        parseHost(
          hostWith(
            host => (host.claims[0]!['cells'] = [{ hostCell: 0, memoryMiB: 0, pcpus: '1', burnt: '1-' }]),
          ),
        ),
      /cells\[0\]\.burnt is wrong: "1-"/,
    ],
    [
      () => parseHost(hostWith(host => (host['policy'] = { strategy: 'tight' }))),
      /strategy is "tight" and must be "pack" or "spread"/,
    ],
    [() => parseHost(hostWith(host => (host['policy'] = { emulator_overcommit_ratio: 0.9 }))), /from 1 on/],
    [
      () => parseHost(hostWith(host => (host['policy'] = { cpu_shared_set: '3-1' }))),
      /cpu_shared_set is wrong: Range "3-1"/,
    ],
    [() => parseProfiles({ 'a b': {} }), /a b is no good name: it must be a name of letters/],
    [
      () => parseProfiles({ db: { tenant_may: ['hw_disk_bus'] } }),
      /tenant_may\[0\] is "hw_disk_bus" and must be "hw_cpu_policy" or/,
    ],
  ])('%#', (parse, sentence) => {
    expect(failure(parse)).toMatchObject({
      code: 'document-value-invalid',
      exit: EXIT.usage,
      message: expect.stringMatching(sentence) as string,
    });
  });
});

describe('a topology that contradicts itself is refused', () => {
  test.each<readonly [string, (host: Json) => void, RegExp]>([
    ['a cell twice', host => (host.topology.cells[1]!['id'] = 0), /cell 0 stands twice/],
    [
      'a CPU in two cells',
      host => (host.topology.cells[1]!['cpus'] = '7-15,24-31'),
      /the CPUs 7 are in the cells 0 and 1/,
    ],
    [
      'a CPU that is not online',
      host => (host.topology.cpus['online'] = '0-30'),
      /cell 1 has the CPUs 31, which are not in "online"/,
    ],
    [
      'a core outside its cell',
      host => (host.topology.cells[0]!['cores'] = ['0,8']),
      /the core "0,8" of cell 0 has the CPUs 8/,
    ],
    [
      'a CPU on two cores',
      host => (host.topology.cells[0]!['cores'] = ['0,16', '16']),
      /the core "16" of cell 0 is on another core too/,
    ],
    [
      'a page size twice',
      host => (host.topology.cells[0]!['pages'] = [4, 4].map(sizeKiB => ({ sizeKiB, total: 1 }))),
      /4 KiB stands twice/,
    ],
  ])('%s', (_, change, sentence) => {
    expect(failure(() => parseHost(hostWith(change)))).toMatchObject({
      code: 'topology-contradicts-itself',
      message: expect.stringMatching(sentence) as string,
    });
  });
});

describe('what is larger than anything real is refused before it costs anything', () => {
  test.each<readonly [string, () => unknown]>([
    ['a text too long', () => readJson(' '.repeat(LIMITS.textLength + 1), 'the request')],
    ['a text nested too deeply', () => readJson('['.repeat(1e6), 'the request')],
    [
      'too many values',
      () => parseRequest({ ...REQUEST, devices: new Array<number>(LIMITS.values + 1).fill(0) }),
    ],
    [
      'a value that contains itself',
      () => {
        const loop: { self?: unknown } = {};
        loop.self = loop;
        return parseRequest(loop);
      },
    ],
    [
      'short texts that name very many CPUs',
      () =>
        parseHost(
          hostWith(host => (host.topology.cells[0]!['caches'] = new Array<string>(100).fill('0-65535'))),
        ),
    ],
    [
      'claims that name very many CPUs',
      () =>
        parseHost(
          hostWith(
            host =>
              (host.claims = new Array<unknown>(100).fill({
                ...host.claims[0],
                emulator: { policy: 'float', cpus: '0-65535' },
              }) as Json['claims']),
          ),
        ),
    ],
  ])('%s', (_, parse) => {
    expect(failure(parse).code).toBe('document-too-large');
  });

  test('brackets inside texts do not nest', () => {
    expect(readJson(JSON.stringify({ a: '[['.repeat(100), b: '\\"[' }), 'x')).toEqual({
      a: '[['.repeat(100),
      b: '\\"[',
    });
  });

  test('a text that is no JSON says so in one line', () => {
    expect(failure(() => readJson('{"a":\n\n?}', 'the request'))).toMatchObject({
      code: 'document-not-json',
      message: expect.stringMatching(/^The request is no JSON text: .*\.$/) as string,
    });
  });
});

describe('a trace', () => {
  const short = { vcpus: 4, memory_mb: 1024, extra_specs: { 'hw:numa_nodes': 2 } };

  test('takes requests in full and in short form', () => {
    const trace = parseTrace({
      id: 't1',
      host: copyOf(HOST),
      events: [
        ['a', 'g0', short],
        ['a', 'g1', REQUEST],
        ['d', 'g0'],
      ],
    });
    expect(trace.events[0]).toEqual([
      'a',
      'g0',
      {
        kind: 'pinfold/request',
        version: 1,
        vm: 'g0',
        vcpus: 4,
        memoryMiB: 1024,
        extraSpecs: { 'hw:numa_nodes': '2' },
        imageProperties: {},
      },
    ]);
    expect(trace.events.slice(1)).toEqual([
      ['a', 'g1', REQUEST],
      ['d', 'g0'],
    ]);
  });

  test.each([
    [[['x', 'g0']], /^Event 0 of the trace is wrong: write \["a"/],
    [
      [
        ['d', 'g0'],
        ['a', 'g1', { ...short, vcpus: 0 }],
      ],
      /^In event 1 of the trace, vcpus is 0/,
    ],
    [[['a', 'g1', { ...short, memory: 0 }]], /unknown key "memory"; .* "memory_mb"/],
    [[5], /^Event 0 of the trace is 5/],
    ['x', /^In the trace, events is "x"/],
  ])('names what is wrong in %j', (events, sentence) => {
    expect(failure(() => parseTrace({ host: copyOf(HOST), events })).message).toMatch(sentence);
  });
});

describe('garbage', () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    maxDepth: 4,
  });
  const parsers = [parseRequest, parseHost, parseTopology, parseNodePolicy, parseProfiles, parseTrace];

  function expectSentence(parse: () => unknown): void {
    try {
      parse();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      expect(DOCUMENT_ERROR_CODES).toContain(error.code);
      expect(error.message).toMatch(/^\S[^\n]*\.$/);
      expect(error.message.length).toBeLessThan(1200);
    }
  }

  test('of any kind ends in one sentence', () => {
    fc.assert(
      fc.property(anything, fc.constantFrom(...parsers), (value, parse) => {
        expectSentence(() => parse(value));
      }),
      { numRuns: 3000 },
    );
  });

  test('in place of any part of a sound document ends in one sentence', () => {
    const places: (readonly (string | number)[])[] = [];
    const walk = (value: unknown, path: readonly (string | number)[]): void => {
      places.push(path);
      if (typeof value === 'object' && value !== null)
        for (const [key, part] of Object.entries(value))
          walk(part, [...path, Array.isArray(value) ? Number(key) : key]);
    };
    walk(copyOf(HOST), []);
    fc.assert(
      fc.property(fc.constantFrom(...places.slice(1)), anything, (path, value) => {
        const host = copyOf(HOST);
        const parent = path
          .slice(0, -1)
          .reduce<Record<string | number, unknown>>((part, step) => part[step] as typeof part, host);
        parent[path.at(-1)!] = value;
        expectSentence(() => parseHost(host));
      }),
      { numRuns: 2000 },
    );
  });

  test('as text ends in one sentence', () => {
    const scrap = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      '\\',
      'null',
      '1e999',
      '"kind"',
      '"__proto__"',
      '-',
      ' ',
      '\0',
      'é',
    );
    fc.assert(
      fc.property(fc.array(scrap, { maxLength: 40 }), pieces => {
        expectSentence(() => parseRequest(readJson(pieces.join(''), 'the request')));
      }),
      { numRuns: 2000 },
    );
  });
});
