import { resolve } from 'node:path';
import { writeAtomically } from '../../adapters/local/write-atomically.ts';
import { collectMetrics } from '../../app/metrics/collect-metrics.ts';
import { previewReconcile } from '../../app/reconcile/reconcile.ts';
import { EXIT } from '../../domain/app-error.ts';
import type { NodeMetrics } from '../../domain/node-metrics.ts';
import { metricFamilies } from '../../formats/prometheus/metric-families.ts';
import { printFamilies } from '../../formats/prometheus/print-families.ts';
import { checkOutputFile } from '../check-output-file.ts';
import { exclusivityPlace, ledgerAsItLies, nodeTools } from '../node-tools.ts';
import { withNode, type NodeChoice, type OpenedNode } from '../open-node.ts';
import { print } from '../output.ts';

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
  if (options.file !== undefined) checkOutputFile(options.file, 'is-made');
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
  const tools = await nodeTools(node, stateFolder);
  const ledger = ledgerAsItLies(node, stateFolder);
  const drift = async () => {
    const exclusivity = exclusivityPlace(node, stateFolder, root);
    const now = () => Math.floor(Date.now() / 1000);
    const { document } = await previewReconcile({ ...tools, stateFolder, exclusivity, now }, ledger);
    return document.drift.map(({ code }) => code);
  };
  // Over SSH the threads' cpusets are not read.
  return collectMetrics({ ...tools, ledger, drift: remote === null ? drift : null });
}
