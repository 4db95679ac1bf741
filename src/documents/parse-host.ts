import type { Host } from '../domain/host.ts';
import { checkListedCpus } from './check-listed-cpus.ts';
import { checkTopology } from './check-topology.ts';
import { hostSchema } from './host-schema.ts';
import { parseWith } from './parse-with.ts';

/**
 * A host document, its topology free of contradictions. Throws an AppError that says what is wrong. Whether the
 * policy makes sense on this topology is the engine's `checkPolicy`.
 */
export function parseHost(value: unknown, title = 'the host document'): Host {
  const host: Host = parseWith(hostSchema, value, title);
  checkListedCpus(
    host.claims.flatMap(claim => [...claim.cells.map(cell => cell.pcpus), claim.emulator?.cpus ?? '']),
    title,
  );
  checkTopology(host.topology, title);
  return host;
}
