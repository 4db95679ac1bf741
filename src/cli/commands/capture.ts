import { captureNode, renamed } from '../../app/capture-node.ts';
import { readDecisionRecord } from '../../app/decision-records.ts';
import { writeAtomically } from '../../adapters/local/write-atomically.ts';
import { decisionRecordSchema } from '../../documents/decision-record-schema.ts';
import { parseWith } from '../../documents/parse-with.ts';
import { readJson } from '../../documents/read-json.ts';
import { EXIT } from '../../domain/app-error.ts';
import type { Capture } from '../../domain/capture.ts';
import { counted } from '../../domain/counted.ts';
import type { PlacementRequest } from '../../domain/placement-request.ts';
import { checkOutputFile } from '../check-output-file.ts';
import { observedHost, type ObservedNode } from '../observed-host.ts';
import { withNode } from '../open-node.ts';
import { print, say } from '../output.ts';

/** What `pinfold capture` was asked for. */
export interface CaptureOptions {
  /** Where to; `-` is standard output. */
  readonly file: string;
  readonly rename: boolean;
  readonly root: string | undefined;
  /** A node of nodes.yaml. */
  readonly node: string | undefined;
  readonly version: string;
}

/** Packs topology, policy, claims, requests and versions of a node into one document. */
export async function captureCommand(options: CaptureOptions): Promise<number> {
  checkOutputFile(options.file);
  const capture = await withNode({ root: options.root, node: options.node }, opened =>
    captured(opened, options.version),
  );
  const text = `${JSON.stringify(options.rename ? renamed(capture) : capture, null, 2)}\n`;
  if (options.file === '-') await print(text);
  else {
    writeAtomically(options.file, text, 0o600);
    say(
      `${options.file} holds ${counted(capture.topology.cells.length, 'cell')} and ${counted(capture.claims.length, 'guest')}${options.rename ? ', renamed' : ' under their own names (--rename takes them out)'}; "pinfold place", "explain", "replay", "status" and "usage" read it.`,
    );
  }
  return EXIT.done;
}

async function captured(observed: ObservedNode, version: string): Promise<Capture> {
  const host = await observedHost(observed);
  return captureNode(observed.node, {
    host,
    requests: requestsOf(
      observed,
      host.claims.map(({ vm }) => vm),
    ),
    program: { pinfold: version, node: process.version },
  });
}

function requestsOf({ node, stateFolder }: ObservedNode, vms: readonly string[]) {
  const requests: Record<string, PlacementRequest> = {};
  for (const vm of vms) {
    const text = readDecisionRecord(node.files, stateFolder, vm);
    if (text === null) continue;
    try {
      const record = parseWith(
        decisionRecordSchema,
        readJson(text, 'the decision record'),
        'the decision record',
      );
      requests[vm] = record.request;
    } catch {
      // A damaged record only makes the capture less telling.
    }
  }
  return requests;
}
