import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseHost } from '../documents/parse-host.ts';
import { parseRequest } from '../documents/parse-request.ts';
import type { Decision } from '../domain/decision.ts';
import type { HostTopology } from '../domain/host-topology.ts';
import { hostOf } from '../machines/host-of.ts';
import { namedMachine } from '../machines/named-machines.ts';
import { renderMachine } from '../machines/render-machine.ts';
import { readTopology } from '../formats/sysfs/read-topology.ts';
import { textTreeOf } from '../formats/text-tree.ts';
import { decideDocuments } from './decide-documents.ts';

const shared = process.env['PINFOLD_SHARED'] ?? join(process.cwd(), '..', 'shared');

/** The examples of the contract, comments stripped; a dotted topology is the one of the first example. */
const [topology, host, request, placed, refused, wrong] = examples();

function examples(): readonly Record<string, unknown>[] {
  const page = readFileSync(join(shared, 'contracts.md'), 'utf8');
  const blocks = [...page.matchAll(/```jsonc\n([^]*?)```/g)].map(([, block]) =>
    block!.replace(/\s\/\/.*$/gm, ''),
  );
  const [first, ...rest] = blocks.slice(0, 4).flatMap(block => block.trim().split(/\n\n(?=\{)/));
  const whole = (text: string) => text.replace('"topology": { … }', `"topology": ${first!}`);
  return [first!, ...rest].map(text => JSON.parse(whole(text)) as Record<string, unknown>);
}

/** Keys by path, those of lists' entries and of objects keyed by numbers merged. */
function paths(value: unknown, at = ''): string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap(entry => paths(entry, `${at}[]`)))];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) => {
    const path = `${at}.${/^\d+$/.test(key) ? '#' : key}`;
    return [path, ...paths(part, path)];
  });
}

const shape = (value: unknown) => [...new Set(paths(value))].sort();

describe("the contract's examples", () => {
  test('a topology has exactly the keys of the example, kinds aside', () => {
    const machine = {
      ...namedMachine('epyc-nps4'),
      devices: [{ address: '0000:21:00.0', cell: 1, vendor: '8086', product: '1572', class: '020000' }],
    };
    const read: HostTopology = readTopology(textTreeOf(renderMachine(machine)), 'pve1');
    const isKind = (path: string) => path.startsWith('.kinds');
    expect(shape(read)).toEqual(shape(topology).filter(path => !isKind(path)));
  });

  test('host and request are read as they stand there', () => {
    expect(parseHost(host)).toEqual(host);
    expect(parseRequest(request)).toEqual(request);
  });

  test('they are decided without a fault', () => {
    const decision = decideDocuments({ host, request }, false);
    expect(decision).toMatchObject({ kind: 'pinfold/decision', vm: '101', fits: false });
    expect(decision).toHaveProperty('refusal');
  });

  const decided = (changes: object): Decision =>
    decideDocuments(
      {
        host: hostOf(namedMachine('dual-socket-smt')),
        request: {
          kind: 'pinfold/request',
          version: 1,
          vm: '101',
          vcpus: 8,
          memoryMiB: 1024,
          iothreads: 1,
          ...changes,
        },
      },
      false,
    );

  test('a placement has the keys of the example', () => {
    expect(shape(decided({ extraSpecs: { 'hw:cpu_policy': 'dedicated' } }))).toEqual(shape(placed));
  });

  test('a refusal has the keys of the example', () => {
    expect(shape(decided({ vcpus: 17, extraSpecs: { 'hw:cpu_policy': 'dedicated' } }))).toEqual(
      shape(refused),
    );
  });

  test('an error has the keys of the example', () => {
    const extraSpecs = {
      'hw:cpu_policy': 'dedicated',
      'hw:cpu_realtime': 'yes',
      'hw:cpu_realtime_mask': 'x',
    };
    const decision = decided({ extraSpecs });
    expect(shape(decision)).toEqual(shape(wrong));
    expect(decision).toMatchObject({
      error: { code: 'realtime-mask-invalid', option: 'hw:cpu_realtime_mask' },
    });
  });
});
