import { resolve } from 'node:path';
import { fileLock } from '../../adapters/ledger/file-lock.ts';
import { virsh } from '../../adapters/libvirt/virsh.ts';
import { writeAtomically } from '../../adapters/local/write-atomically.ts';
import { loadPolicy } from '../../app/load-policy.ts';
import { collectMetrics } from '../../app/metrics/collect-metrics.ts';
import { previewReconcile } from '../../app/reconcile/reconcile.ts';
import { EXIT } from '../../domain/app-error.ts';
import { emptyLedger } from '../../domain/ledger.ts';
import { hostPolicyOf } from '../../domain/node-policy.ts';
import type { NodeMetrics } from '../../domain/node-metrics.ts';
import { parseLedger } from '../../formats/ledger/parse-ledger.ts';
import { readBootId, readProcessId } from '../../formats/proc/process-id.ts';
import { metricFamilies } from '../../formats/prometheus/metric-families.ts';
import { printFamilies } from '../../formats/prometheus/print-families.ts';
import { withNode, type NodeChoice, type OpenedNode } from '../open-node.ts';
import { print } from '../output.ts';
import { policyFolder } from '../policy-folder.ts';

/** What `pinfold metrics` was asked for. */
export interface MetricsOptions extends NodeChoice {
  /** Written whole in place of standard output. */
  readonly file: string | undefined;
  readonly json: boolean;
}

/** node_exporter runs as a user of its own. */
const FILE_MODE = 0o644;

/** Prints what a node can give, what it holds and how it fares; changes nothing on the node. */
export async function metricsCommand(options: MetricsOptions): Promise<number> {
  const metrics = await withNode(options, opened => metricsOf(opened, options.root));
  const text = options.json
    ? `${JSON.stringify(metrics, null, 2)}\n`
    : printFamilies(metricFamilies(metrics));
  if (options.file === undefined) await print(text);
  else writeAtomically(resolve(options.file), text, FILE_MODE);
  return EXIT.done;
}

async function metricsOf(
  { node, stateFolder, remote }: OpenedNode,
  root: string | undefined,
): Promise<NodeMetrics> {
  const { policy } = await loadPolicy(node, { policy: policyFolder(node), state: stateFolder });
  const observer = {
    node,
    domains: virsh(node, process.env['LIBVIRT_URI'] ?? 'qemu:///system', stateFolder),
    policy: hostPolicyOf(policy),
    owner: readProcessId(node.files, process.pid) ?? `${process.pid}:0`,
  };
  const text = node.files.read(`${stateFolder}/ledger.json`);
  const ledger = (text === null ? null : parseLedger(text)) ?? emptyLedger(readBootId(node.files));
  const drift = async () => {
    const { document } = await previewReconcile(
      {
        ...observer,
        stateFolder,
        exclusivity: {
          node,
          lock: fileLock(`${root ?? ''}${stateFolder}/cgroup-lock`),
          stateFile: `${stateFolder}/exclusivity.json`,
        },
        now: () => Math.floor(Date.now() / 1000),
      },
      ledger,
    );
    return document.drift.map(({ code }) => code);
  };
  // Over SSH the threads' cpusets are not read.
  return collectMetrics({ ...observer, ledger, drift: remote === null ? drift : null });
}
