import type { Claim } from '../../domain/claim.ts';
import type { PlacementRequest } from '../../domain/placement-request.ts';
import { explain } from '../../engine/explain.ts';
import { buildHostModel } from '../../engine/host-model.ts';
import { hostOf } from '../../machines/host-of.ts';
import { namedMachine } from '../../machines/named-machines.ts';
import { renderExplanation } from './render-explanation.ts';

function held(vm: string, hostCell: number, pcpus: string, memoryMiB = 4096): Claim {
  const cell = { hostCell, pcpus, sharedVcpus: 0, memoryMiB, pageSizeKiB: null, pages: memoryMiB * 256 };
  return { vm, source: 'observed', cells: [cell], emulator: null, devices: [] };
}

function guest(vcpus: number, extraSpecs: Readonly<Record<string, string>> = {}): PlacementRequest {
  return {
    kind: 'pinfold/request',
    version: 1,
    vm: 'web',
    vcpus,
    memoryMiB: 2048,
    extraSpecs: { 'hw:cpu_policy': 'dedicated', ...extraSpecs },
  };
}

function shown(
  machine: Parameters<typeof namedMachine>[0],
  claims: readonly Claim[],
  request: PlacementRequest,
  width = 80,
) {
  const model = buildHostModel(hostOf(namedMachine(machine), { strategy: 'spread' }, claims));
  return renderExplanation(explain(model, request), width);
}

describe('an explanation on dual-socket-smt', () => {
  test('shows both cells side by side and marks what decided', () => {
    const lines = shown('dual-socket-smt', [held('db', 0, '0,16')], guest(2));
    expect(lines).toMatchInlineSnapshot(`
[
  "web: host cell 1 with 2048 MiB; vCPUs on CPUs 0:8 1:24; emulator threads on",
  "8,24.",
  "",
  "Host cell 1 chosen over host cell 0: its load, the larger share of CPUs and",
  "memory, is lower (12.5 % against 25 % afterwards).",
  "",
  "                              cell 0  * cell 1",
  "CPU or memory load              25 %    12.5 % <- decided",
  "cache domains spanned              1         1",
  "memory in use                    9 %       3 %",
  "guests there already               1         0",
  "whole cores broken                 1         1",
]
`);
    expect(lines.filter(line => line.includes('<- decided'))).toHaveLength(1);
  });

  test('marks the cell with more guests as decided by them when both are as full', () => {
    const claims = [held('db', 0, '0-3'), held('a', 1, '8-9', 2048), held('b', 1, '10-11', 2048)];
    const lines = shown('dual-socket-smt', claims, guest(2));
    expect(lines[0]).toMatch(/^web: host cell 1 /);
    expect(lines).toContainEqual(expect.stringMatching(/^guests there already +1 +2 <- decided$/));
  });

  test('says in a sentence why a cell cannot take the guest', () => {
    const lines = shown('dual-socket-smt', [held('db', 0, '0-4,16-20')], guest(8));
    expect(lines.at(-1)).toMatch(/^The guest needs 8 dedicated CPUs, and host cell 0 has \d+ free\.$/);
  });

  test('shows what each cell lacks, and the hint, when nothing fits', () => {
    const lines = shown('dual-socket-smt', [], guest(500)).join('\n');
    expect(lines).toMatch(/^web does not fit\.\n/);
    expect(lines).toMatch(/dedicated CPUs +\d+ +\d+/);
  });
});

describe('an explanation on epyc-384', () => {
  test.each([60, 80, 120])('never exceeds %i columns, and counts the cells that are not shown', width => {
    const lines = shown('epyc-384', [held('db', 3, '72-80')], guest(12, { 'hw:numa_nodes': '2' }), width);
    for (const line of lines.filter(text => !text.includes('vCPUs on CPUs')))
      expect(line.length).toBeLessThanOrEqual(width);
    expect(lines.join('\n')).toContain('guest cell 1');
    if (width < 100) expect(lines.join('\n')).toMatch(/\(and \d host cells? that would cost more\)/);
  });

  test('shows at most eight guest cells', () => {
    const lines = shown('epyc-384', [], guest(16, { 'hw:numa_nodes': '8' })).join('\n');
    expect(lines).toContain('guest cell 7');
  });
});

test('a request that is wrong is one sentence', () => {
  const lines = shown('dual-socket-smt', [], guest(2, { 'hw:cpu_policy': 'maybe' }));
  expect(lines.join(' ')).toContain('hw:cpu_policy');
});
