import type { PveOperator } from '../player/install-pinfold.ts';

/** What the operator of a node with several cells wrote, for all scenarios that need no other. */
export const OPERATOR: PveOperator = {
  policy: ['cpu_shared_set: "0,8"', 'cpu_dedicated_set: "1-7,9-15"', 'exclusivity: auto', ''].join('\n'),
  profiles: [
    'database:',
    '  extra_specs: { "hw:cpu_policy": dedicated, "hw:emulator_threads_policy": share }',
    '  on_refusal: strict',
    'twin:',
    '  extra_specs: { "hw:cpu_policy": dedicated, "hw:emulator_threads_policy": share, "hw:numa_nodes": "2" }',
    '  on_refusal: strict',
    'movable:',
    '  extra_specs: { "hw:cpu_policy": dedicated, "hw:emulator_threads_policy": share, "hw:numa_nodes": "2" }',
    '  on_refusal: strict',
    '  requeue: true',
    '',
  ].join('\n'),
  registeredTags: ['pin-database', 'pin-twin', 'pin-movable'],
};

/** A guest of two cells with pages of 2 MiB, half of everything on each of these host cells. */
export function twoCells(cells: readonly [number, number]): Record<string, string | number> {
  return {
    cores: 4,
    memory: 128,
    numa: 1,
    numa0: `cpus=0-1,hostnodes=${cells[0]},memory=64,policy=bind`,
    numa1: `cpus=2-3,hostnodes=${cells[1]},memory=64,policy=bind`,
    hugepages: 2,
    keephugepages: 1,
    tags: 'pin-twin',
  };
}

/** A guest without cells of its own whose memory is all touched before it runs. */
export const ONE_CELL: Readonly<Record<string, string | number>> = {
  cores: 2,
  memory: 64,
  args: '-mem-prealloc',
  tags: 'pin-database',
};
