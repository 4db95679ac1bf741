import type { Claim } from '../domain/claim.ts';
import { clip, parseCpuList } from '../domain/cpu-list.ts';
import type { Host } from '../domain/host.ts';
import { checkListedCpus } from './check-listed-cpus.ts';
import { checkTopology } from './check-topology.ts';
import { hostSchema } from './host-schema.ts';
import { documentError, parseWith } from './parse-with.ts';

/**
 * A host document, its topology free of contradictions. Throws an AppError that says what is wrong. Whether the
 * policy makes sense on this topology is the engine's `checkPolicy`.
 */
export function parseHost(value: unknown, title = 'the host document'): Host {
  const host: Host = parseWith(hostSchema, value, title);
  checkListedCpus(
    host.claims.flatMap(claim => [
      ...claim.cells.flatMap(cell => [cell.pcpus, cell.burnt ?? '']),
      claim.emulator?.cpus ?? '',
    ]),
    title,
  );
  for (const claim of host.claims) checkBurnt(claim, title);
  checkTopology(host.topology, title);
  return host;
}

function checkBurnt({ vm, cells }: Claim, title: string): void {
  for (const { burnt, pcpus, hostCell } of cells) {
    if (burnt === undefined) continue;
    const strange = parseCpuList(burnt).minus(parseCpuList(pcpus));
    if (strange.isEmpty) continue;
    throw documentError(
      'document-value-invalid',
      `In ${title} the claim of VM ${clip(vm)} burns the CPUs ${clip(strange.toString())} on host cell ${hostCell}, which are not among its "pcpus" there: add them to "pcpus" or take them out of "burnt".`,
    );
  }
}
