import { parseCpuList } from '../../domain/cpu-list.ts';
import { AppError, EXIT } from '../../domain/app-error.ts';
import { DRIFT_CODES, type DriftCode } from '../../domain/drift.ts';
import type { Ledger, LedgerEntry } from '../../domain/ledger.ts';
import type { GuestMetrics, NodeMetrics } from '../../domain/node-metrics.ts';
import { checkPolicy } from '../../engine/request/check-policy.ts';
import { usageOf } from '../../engine/usage.ts';
import { readResidence } from '../../formats/proc/memory-residence.ts';
import { pidOf } from '../../formats/proc/process-id.ts';
import { readTopology } from '../../formats/sysfs/read-topology.ts';
import type { TextTree } from '../../formats/text-tree.ts';
import { observeHost, type Observer } from '../observe-host.ts';
import { nodeFacts } from './node-facts.ts';

/** A node that is looked at; nothing on it changes. */
export interface MetricsTools extends Omit<Observer, 'topology'> {
  readonly ledger: Ledger;
  /** Codes of what is not as it was decided; null: not looked for. */
  readonly drift: (() => Promise<readonly DriftCode[]>) | null;
}

/** All that is told of a node. Throws an AppError when its policy contradicts itself. */
export async function collectMetrics(tools: MetricsTools): Promise<NodeMetrics> {
  const { node } = tools;
  const topology = readTopology(node.files, node.name);
  const { host, ledger } = await observeHost(tools.ledger, { ...tools, topology });
  const [fault] = checkPolicy(host);
  if (fault !== undefined) throw new AppError(fault.code, EXIT.usage, fault.summary);
  const entries = new Map(ledger.entries.map(entry => [entry.vm, entry]));
  const { counters } = tools.ledger;
  return {
    kind: 'pinfold/metrics',
    version: 1,
    host: topology.host,
    ...nodeFacts(host),
    guests: usageOf(host).guests.map(({ vm, source, memoryMiB, cost }): GuestMetrics => {
      const { dedicated, shared, emulator } = cost;
      const remoteMemory = remotePart(entries.get(vm), node.files);
      return { vm, source, dedicated, shared, emulator, memoryMiB, remoteMemory };
    }),
    drift: tools.drift === null ? null : countCodes(await tools.drift()),
    decisions: {
      ...{ placed: 0, floated: 0, refused: 0, ...counters?.starts },
      refusals: counters?.refusals ?? {},
      seconds: counters?.seconds ?? 0,
    },
  };
}

/** The part of a guest's resident memory that lies on cells which it was not placed on. */
function remotePart(entry: LedgerEntry | undefined, files: TextTree): number | null {
  const placement = entry?.placement ?? null;
  if (entry?.process == null || placement === null || placement.nodeset === '') return null;
  const maps = files.read(`/proc/${pidOf(entry.process)}/numa_maps`);
  const home = parseCpuList(placement.nodeset);
  let [all, remote] = [0, 0];
  for (const { cell, mib } of readResidence(maps ?? '')) {
    all += mib;
    if (!home.has(cell)) remote += mib;
  }
  return all === 0 ? null : remote / all;
}

function countCodes(codes: readonly DriftCode[]): Record<DriftCode, number> {
  const counts = Object.fromEntries(DRIFT_CODES.map(code => [code, 0])) as Record<DriftCode, number>;
  for (const code of codes) counts[code] += 1;
  return counts;
}
