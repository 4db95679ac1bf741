import { AppError, EXIT } from '../../domain/app-error.ts';
import { clip } from '../../domain/cpu-list.ts';
import type { Decision } from '../../domain/decision.ts';
import type { Host } from '../../domain/host.ts';
import { place, type Outcome } from '../../engine/decide.ts';
import { buildHostModel, type HostModel } from '../../engine/host-model.ts';
import { readRequest } from '../../engine/request/read-request.ts';
import type { TextTree } from '../../formats/text-tree.ts';
import type { NodePort } from '../ports.ts';
import { floatingRequest, isSettled } from '../place-in-ways.ts';
import type { Way } from '../prepare-start.ts';
import { describePlacement } from './describe-placement.ts';
import {
  guestPolicy,
  type GuestPolicy,
  type PlacedGuest,
  type PolicyFolders,
} from './policy/guest-policy.ts';
import { readVmConfigFile } from './read-vm-config.ts';
import { settledCells } from './settled-cells.ts';
import { startKind } from './start-kind.ts';
import { waysToPlace } from './ways.ts';

/** What a start of a VM would do now. */
export interface StartPreview {
  readonly decision: Decision;
  /** What its task log would say, and what else would happen, one sentence each. */
  readonly sentences: readonly string[];
}

/** A VM of a Proxmox VE node that is asked about. */
export interface PreviewQuestion {
  readonly vmid: string;
  readonly node: NodePort;
  readonly folders: PolicyFolders;
  /** The node with what is taken now; the VM's own claim does not count. */
  readonly host: Host;
}

/**
 * Decides what `pre-start` would decide for a plain or HA start now, and touches nothing: the same policy, the same ways in
 * the same order.
 *
 * @throws AppError when the node has no such VM
 */
export async function previewStart(question: PreviewQuestion): Promise<StartPreview> {
  const { vmid, node, folders } = question;
  const configText = configOf(question);
  const guest = await guestPolicy({ vmid, configText, node, folders });
  if (guest.kind !== 'ours') return withoutPlacement(vmid, guest);
  const kind = startKind({ vmid, migratedFrom: null, config: guest.config, title: '' }, node.files);
  if (kind === 'backup' || kind === 'template')
    return untouched(vmid, [
      `VM ${vmid} is ${kind === 'template' ? 'a template' : 'locked by a backup'}: it is up only for a moment, takes no CPUs and is not placed.`,
    ]);
  const claims = question.host.claims.filter(({ vm }) => vm !== vmid);
  const model = buildHostModel({ ...question.host, claims });
  const ways = waysToPlace({ guest, kind, settled: settledCells(guest.config), justRequeued: false });
  return tryWays(model, ways, guest);
}

/** The config of the VM as its next start takes it. */
function configOf({ vmid, node }: PreviewQuestion): string {
  const file = readVmConfigFile(node.files, { node: node.name, vmid, source: null });
  if (file !== null) return file.text;
  const other = otherNode(node.files, vmid);
  throw new AppError(
    'vm-unknown',
    EXIT.usage,
    other === null
      ? `There is no VM ${clip(vmid)} of Proxmox VE on ${node.name}: see "qm list"; for guests of other orchestrators use "pinfold explain VM --request FILE".`
      : `VM ${vmid} is not on ${node.name} but on ${other}: ask there, or with --node ${other}.`,
  );
}

/** /etc/pve has the configs of all nodes of the cluster. */
function otherNode(files: TextTree, vmid: string): string | null {
  const nodes = files.list('/etc/pve/nodes');
  return (
    nodes.find(name => files.list(`/etc/pve/nodes/${name}/qemu-server`).includes(`${vmid}.conf`)) ?? null
  );
}

function withoutPlacement(vmid: string, guest: Exclude<GuestPolicy, { kind: 'ours' }>): StartPreview {
  if (guest.kind === 'none')
    return untouched(vmid, [
      `No tag of VM ${vmid} names a profile, so it starts as if Pinfold were not there.`,
    ]);
  if (guest.kind === 'foreign') return untouched(vmid, guest.warnings);
  if (guest.onRefusal === 'float')
    return untouched(vmid, [
      guest.reason,
      'The VM starts without a placement, because its policy says float.',
    ]);
  const error = { code: 'guest-policy-unusable', summary: guest.reason };
  return {
    decision: { kind: 'pinfold/decision', version: 1, vm: vmid, fits: false, error },
    sentences: [`VM ${vmid} would not be started: ${guest.reason}`],
  };
}

function untouched(vmid: string, sentences: readonly string[]): StartPreview {
  const head = { kind: 'pinfold/decision', version: 1, vm: vmid } as const;
  return { decision: { ...head, fits: true, placement: null, why: sentences }, sentences };
}

/** The first way that fits; else what the policy says of a guest that fits nowhere. */
function tryWays(model: HostModel, ways: readonly Way[], guest: PlacedGuest): StartPreview {
  const { request, onRefusal, warnings } = guest;
  const { vm } = request;
  let refused: { readonly outcome: Extract<Outcome, { ok: false }>; readonly reason: string } | null = null;
  for (const way of ways) {
    const read = readRequest(way.request);
    if (!read.ok) return wrong(vm, read.error, warnings);
    const { spec } = read;
    if (!spec.wantsPlacement)
      return untouched(vm, [...warnings, `The profile of VM ${vm} asks for no placement.`]);
    const outcome = place(model, way.hostCells === undefined ? spec : { ...spec, hostCells: way.hostCells });
    if (outcome.ok) return placed(vm, outcome, [...warnings, ...wayWords(vm, way, outcome)]);
    refused ??= { outcome, reason: way.whenNot ?? sentenceOfRefusal(outcome) };
  }
  const { outcome, reason } = refused!;
  if (onRefusal === 'float') return floating(isSettled(ways) ? null : model, guest, reason);
  return {
    decision: { kind: 'pinfold/decision', version: 1, vm, fits: false, refusal: outcome.refusal },
    sentences: [...warnings, `VM ${vm} would not be started: ${reason}`],
  };
}

/** `model` null: the guest's memory is bound already, so that it is not held to other cells. */
function floating(model: HostModel | null, { request, warnings }: PlacedGuest, reason: string): StartPreview {
  const words = [
    ...warnings,
    `${reason} The VM starts without CPUs of its own, because its policy says float.`,
  ];
  const read = readRequest(floatingRequest(request));
  const outcome = model !== null && read.ok ? place(model, read.spec) : null;
  return outcome?.ok === true ? placed(request.vm, outcome, words) : untouched(request.vm, words);
}

function placed(vm: string, outcome: Extract<Outcome, { ok: true }>, words: readonly string[]): StartPreview {
  const { placement, why } = outcome;
  return {
    decision: { kind: 'pinfold/decision', version: 1, vm, fits: true, placement, why },
    sentences: [...words, describePlacement(vm, placement)],
  };
}

function wrong(
  vm: string,
  error: Extract<Decision, { error: unknown }>['error'],
  warnings: readonly string[],
): StartPreview {
  return {
    decision: { kind: 'pinfold/decision', version: 1, vm, fits: false, error },
    sentences: [...warnings, `VM ${vm} would not be started: ${error.summary}`],
  };
}

function wayWords(vm: string, way: Way, { placement }: Extract<Outcome, { ok: true }>): readonly string[] {
  if (way.isQuestion !== true) return way.warning === undefined ? [] : [way.warning];
  const cells = placement.cells.map(({ hostCell }) => hostCell).join(',');
  return [
    `VM ${vm} does not fit on the host cells of its config any more: they would be set to ${cells}, and the start would be ended and asked for again.`,
  ];
}

function sentenceOfRefusal({ refusal: { summary, hint } }: Extract<Outcome, { ok: false }>): string {
  return hint === undefined ? summary : `${summary} ${hint}`;
}
