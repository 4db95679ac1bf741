import { rmSync } from 'node:fs';

import { DOCUMENT_SCHEMAS } from '../../documents/document-schemas.ts';
import { parseWith } from '../../documents/parse-with.ts';
import type { Claim } from '../../domain/claim.ts';
import { hostOf } from '../../machines/host-of.ts';
import { namedMachine } from '../../machines/named-machines.ts';
import { runPinfold } from '../../testing/built-program.ts';

const claims: readonly Claim[] = [
  {
    vm: 'web',
    source: 'observed',
    cells: [{ hostCell: 1, pcpus: '', sharedVcpus: 6, memoryMiB: 2048, pageSizeKiB: null, pages: 524288 }],
  },
  {
    vm: 'db',
    source: 'observed',
    cells: [
      { hostCell: 0, pcpus: '2-5,12', sharedVcpus: 0, memoryMiB: 4096, pageSizeKiB: null, pages: 1048576 },
    ],
    emulator: { policy: 'isolate', cpus: '12', share: 0.125 },
  },
];
const policy = { cpu_allocation_ratio: 4, emulator_overcommit_ratio: 8 };
const host = JSON.stringify(hostOf(namedMachine('dual-socket-smt'), policy, claims));

test('a host document is billed: dedicated CPUs whole, shared vCPUs and pool CPUs in parts', () => {
  const { code, stdout } = runPinfold(['usage', '--host', '-', '--json'], host);
  expect(code).toBe(0);
  const usage = parseWith(DOCUMENT_SCHEMAS.usage, JSON.parse(stdout), 'the usage');
  expect(
    usage.guests.map(({ vm, cost }) => [vm, cost.dedicated, cost.shared, cost.emulator, cost.total]),
  ).toEqual([
    ['db', 4, 0, 0.125, 4.125],
    ['web', 0, 1.5, 0, 1.5],
  ]);
  expect([usage.cost, usage.used.dedicatedCpus, usage.used.poolCpus]).toEqual([5.625, 5, '12']);
});

test('another ratio is another bill', () => {
  const twice = host.replace('"cpu_allocation_ratio":4', '"cpu_allocation_ratio":2');
  const { stdout } = runPinfold(['usage', '--host', '-', '--json'], twice);
  expect((JSON.parse(stdout) as { readonly cost: number }).cost).toBe(7.125);
});

test('as text it is a table that ends with what each guest costs', () => {
  const { code, stdout } = runPinfold(['usage', '--host', '-'], host);
  expect(code).toBe(0);
  expect(stdout).toContain('5 of 32 dedicated CPUs in use');
  expect(stdout).toMatch(/^db +2-5,12 +4 +4 +0 +0\.125 +4\.125$/m);
});

test('a node with guests is read as it runs', () => {
  const { kept, keptProxmox } = JSON.parse(runPinfold(['demo', '--keep', '--json']).stdout) as {
    readonly kept: string;
    readonly keptProxmox: string;
  };
  try {
    const { code, stdout } = runPinfold(['usage', '--root', kept, '--json']);
    expect(code).toBe(0);
    const usage = parseWith(DOCUMENT_SCHEMAS.usage, JSON.parse(stdout), 'the usage');
    expect(usage.guests.map(({ vm }) => vm)).toContain('database');
    expect(usage.used.poolCpus).toBe('18');
  } finally {
    for (const root of [kept, keptProxmox]) rmSync(root, { recursive: true });
  }
});

test('a host and a root at once are refused before anything is read', () => {
  const { code, stderr } = runPinfold(['usage', '--host', '-', '--root', '/tmp']);
  expect([code, stderr]).toEqual([2, expect.stringContaining('leave one of them out')]);
});
