import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTree } from '../../adapters/local/write-tree.ts';
import { namedMachine } from '../../machines/named-machines.ts';
import { renderMachine } from '../../machines/render-machine.ts';
import { topologyOf } from '../../machines/topology-of.ts';
import { topologyCommand } from './topology.ts';

describe('pinfold topology', () => {
  const root = mkdtempSync(join(tmpdir(), 'pinfold-topology-'));
  afterAll(() => {
    rmSync(root, { recursive: true });
  });

  test('of a generated tree is the description that the tree was made from', async () => {
    const machine = namedMachine('epyc-nps4');
    writeTree(renderMachine(machine), join(root, 'epyc'));
    expect(await topologyCommand({ root: join(root, 'epyc') })).toEqual(topologyOf(machine));
  });

  test('of a tree without CPUs says what is missing', async () => {
    await expect(topologyCommand({ root: join(root, 'none') })).rejects.toThrow(
      /^Nothing tells which CPUs unknown has/,
    );
  });
});
