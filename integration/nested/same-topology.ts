import { isDeepStrictEqual } from 'node:util';
import { TOPOLOGY_FILES } from '../../src/adapters/ssh/topology-files.ts';
import type { HostTopology } from '../../src/domain/host-topology.ts';
import { readTopology } from '../../src/formats/sysfs/read-topology.ts';
import { DELIVERY_INSIDE } from './deliver.ts';
import type { Machine } from './machine.ts';
import { onMachine } from './ssh.ts';

/**
 * The topology that is read from outside, in one round trip over SSH, is the one that `pinfold topology` reads inside;
 * what is free of the pages may change in between. Throws with both when they differ.
 */
export async function sameTopology({ ssh }: Machine): Promise<void> {
  await onMachine(ssh, async node => {
    const program = `${DELIVERY_INSIDE}/dist/pinfold.cjs`;
    const said = await node.run(['node', program, 'topology', '--json'], { timeoutMs: 120_000 });
    if (said.code !== 0)
      throw new Error(`pinfold topology ended with ${said.code ?? 'no code'}: ${said.stderr}`);
    const inside = withoutFree(JSON.parse(said.stdout) as HostTopology);
    const outside = withoutFree(readTopology(await node.readFiles(TOPOLOGY_FILES), inside.host));
    if (!isDeepStrictEqual(inside, outside))
      throw new Error(
        `The topology over SSH is not the one inside:\n${JSON.stringify(outside)}\n${JSON.stringify(inside)}`,
      );
  });
}

function withoutFree(topology: HostTopology): HostTopology {
  const cells = topology.cells.map(cell => ({
    ...cell,
    pages: cell.pages.map(({ sizeKiB, total, reserved }) => ({ sizeKiB, total, reserved })),
  }));
  return JSON.parse(JSON.stringify({ ...topology, cells })) as HostTopology;
}
