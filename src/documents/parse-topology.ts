import type { HostTopology } from '../domain/host-topology.ts';
import { checkTopology } from './check-topology.ts';
import { parseWith } from './parse-with.ts';
import { topologySchema } from './topology-schema.ts';

/** A topology document, complete and free of contradictions. Throws an AppError that says what is wrong. */
export function parseTopology(value: unknown, title = 'the topology'): HostTopology {
  const topology: HostTopology = parseWith(topologySchema, value, title);
  checkTopology(topology, title);
  return topology;
}
