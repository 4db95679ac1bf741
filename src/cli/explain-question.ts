import { decisionRecordPath, readDecisionRecord } from '../app/decision-records.ts';
import { PROXMOX_POLICY_FOLDER } from '../app/proxmox/policy/guest-policy.ts';
import { startQuestion } from '../app/proxmox/start-question.ts';
import { decisionRecordSchema } from '../documents/decision-record-schema.ts';
import { LIMITS } from '../documents/limits.ts';
import { parseHost } from '../documents/parse-host.ts';
import { parseRequest } from '../documents/parse-request.ts';
import { parseWith } from '../documents/parse-with.ts';
import { readJson } from '../documents/read-json.ts';
import { AppError, EXIT } from '../domain/app-error.ts';
import { clip } from '../domain/cpu-list.ts';
import type { DecisionRecord } from '../domain/decision-record.ts';
import type { Placement } from '../domain/decision.ts';
import type { Host } from '../domain/host.ts';
import type { PlacementRequest } from '../domain/placement-request.ts';
import { parseLedger } from '../formats/ledger/parse-ledger.ts';
import { readQemuProcesses } from '../formats/proc/qemu-processes.ts';
import { readText } from './input.ts';
import { documentedHost, observedHost } from './observed-host.ts';
import { withNode, type OpenedNode } from './open-node.ts';

/** The guest that is to be explained, and where it is looked for. */
export interface ExplainSource {
  readonly vm: string;
  readonly request: string | undefined;
  /** A capture or host document in place of a node. */
  readonly replay: string | undefined;
  readonly root: string | undefined;
  /** A node of nodes.yaml. */
  readonly node: string | undefined;
}

/** A guest and the node without it. */
export interface ExplainQuestion {
  readonly host: Host;
  readonly request: PlacementRequest;
  /** The host cells that each guest cell is held to. */
  readonly hostCells?: readonly (readonly number[])[];
  /** Since when that is true, in seconds since the epoch; absent = now. */
  readonly seconds?: number;
  /** Where the guest is now, as the ledger has it. */
  readonly placement?: Placement;
  /** What it asked for when there was no room, of a guest that was let start floating. */
  readonly wished?: PlacementRequest;
}

/**
 * What is asked of the engine to explain a guest:
 *
 * 1. A request that is given is asked of the node, or of the captured state, without the claim of a guest of that name.
 * 2. A capture knows what its guests asked for.
 * 3. A running guest's record says what was asked, and how the node was then.
 * 4. A VM of Proxmox VE that does not run is asked for as its next start would.
 */
export async function explainQuestion(options: ExplainSource): Promise<ExplainQuestion> {
  const { vm, request, replay, root, node } = options;
  // A request that cannot be read is told before the node is looked at.
  const given = request === undefined ? undefined : await requestIn(request);
  if (replay === undefined) return withNode({ root, node }, opened => questionOn(opened, vm, given));
  const captured = await documentedHost(replay);
  const asked = given ?? captured.requests?.[vm];
  if (asked !== undefined) return { host: without(captured, vm), request: asked };
  throw unknown(
    `The captured state does not say what ${clip(vm)} asked for: give its request with --request FILE.`,
  );
}

async function questionOn(
  opened: OpenedNode,
  vm: string,
  request: PlacementRequest | undefined,
): Promise<ExplainQuestion> {
  if (request !== undefined) return { host: without(await observedHost(opened), vm), request };
  const { node, stateFolder } = opened;
  const record = readDecisionRecord(node.files, stateFolder, vm);
  const runs = readQemuProcesses(node.files).some(({ name }) => name === vm);
  if (record !== null && runs) return recordedQuestion(record, opened, vm);
  const start = await startNow(opened, vm);
  if (start !== null) return start;
  if (record !== null) return recordedQuestion(record, opened, vm);
  throw unknown(
    `Nothing is recorded of ${clip(vm)} on ${opened.node.name} (Pinfold did not start it there since the last boot): give its request with --request FILE to see where it would go now.`,
  );
}

/** What the next start of a VM of Proxmox VE would ask; null where there is none of this number. */
async function startNow(opened: OpenedNode, vm: string): Promise<ExplainQuestion | null> {
  const { node, stateFolder } = opened;
  if (!/^[1-9]\d{2,8}$/.test(vm) || node.files.list('/etc/pve').length === 0) return null;
  const host = without(await observedHost(opened), vm);
  const folders = { policy: PROXMOX_POLICY_FOLDER, state: stateFolder };
  const asked = await startQuestion({ vmid: vm, node, folders, host });
  return asked === null ? null : { ...asked, host };
}

function recordedQuestion(text: string, { node, stateFolder }: OpenedNode, vm: string): ExplainQuestion {
  const { host, request, hostCells, seconds } = parseRecord(text, decisionRecordPath(stateFolder, vm));
  const ledger = parseLedger(node.files.read(`${stateFolder}/ledger.json`) ?? '');
  const entry = ledger?.entries.find(candidate => candidate.vm === vm);
  const placement = entry?.placement ?? null;
  return {
    host,
    request,
    seconds,
    ...(hostCells === undefined ? {} : { hostCells }),
    ...(placement === null ? {} : { placement }),
    ...(entry?.wished === undefined ? {} : { wished: entry.wished }),
  };
}

function parseRecord(text: string, path: string): DecisionRecord {
  try {
    const record = parseWith(decisionRecordSchema, readJson(text, 'the record'), 'the record');
    return { ...record, host: parseHost(record.host) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError(
      'record-damaged',
      EXIT.state,
      `What was recorded of the guest's decision in ${path} is damaged: remove that file, or give the guest's request with --request FILE to see where it would go now.`,
      error,
    );
  }
}

async function requestIn(file: string): Promise<PlacementRequest> {
  return parseRequest(readJson(await readText(file, 4 * LIMITS.textLength), 'the request'));
}

function without(host: Host, vm: string): Host {
  return { ...host, claims: host.claims.filter(claim => claim.vm !== vm) };
}

function unknown(message: string): AppError {
  return new AppError('vm-unknown', EXIT.usage, message);
}
