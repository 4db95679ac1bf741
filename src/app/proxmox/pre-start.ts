import type { Ledger } from '../../domain/ledger.ts';
import { DEFAULT_NODE_POLICY, hostPolicyOf } from '../../domain/node-policy.ts';
import { scopeDropInPath, writeScopeDropIn } from '../../formats/systemd/scope-drop-in.ts';
import { confirmed } from '../collect-garbage.ts';
import { recordDecision } from '../decision-records.ts';
import { prepareStart, type Preparation } from '../prepare-start.ts';
import { askEarly, giveBack } from '../early-turn.ts';
import { sentenceOf } from '../sentence-of.ts';
import { forgetBackupStop, wasStoppedByBackup } from './backup-stop.ts';
import { leftMasks, maskWorker, unmask, type LeftMask } from './birth-mask.ts';
import { describePlacement } from './describe-placement.ts';
import { logLine, SILENT, warningLines, type HookAnswer, type HookCall } from './hook-call.ts';
import { guestPolicy, type GuestPolicy, type PlacedGuest } from './policy/guest-policy.ts';
import { tagPrefix, wantsPinfold } from './policy/wants-pinfold.ts';
import { readVmConfigFile, type VmConfigFile } from './read-vm-config.ts';
import { justRequeued, requeue } from './requeue.ts';
import { nudgeSystemd, removeDropIn, sweepDropIns } from './scope-files.ts';
import { allCpus, scopeSettings } from './scope-settings.ts';
import { settledCells } from './settled-cells.ts';
import { startKind, type StartKind } from './start-kind.ts';
import { waysToPlace } from './ways.ts';

/**
 * `pre-start`: decides where the guest goes and makes that so before its QEMU is there.
 *
 * 1. Take off what an earlier start left for this VM or on this worker.
 * 2. A VM without policy starts as it is; so does one that is up only for a moment (backup of a stopped VM, template).
 * 3. Decide and lease, the lease owned by the worker, which outlives this process and forks QEMU.
 * 4. Write the scope's drop-in and make systemd see it; where that sets no CPUs, mask the worker, but for a backup's, which
 *    may start further VMs that call no hook.
 */
export async function preStart(call: HookCall): Promise<HookAnswer> {
  call.at('called');
  const { vmid, node, folders, migratedFrom } = call;
  const file = readVmConfigFile(node.files, { node: node.name, vmid, source: migratedFrom });
  const prefix = () => tagPrefix(node.files, { folder: folders.policy, node: node.name });
  if (file === null || !wantsPinfold(file.text, prefix())) return withoutPlacement(call, { kind: 'none' });
  const turn = askEarly(() => call.ledger);
  try {
    const guest = await guestPolicy({ vmid, configText: file.text, node, folders });
    if (guest.kind !== 'ours') return await withoutPlacement(call, guest);
    const { config } = guest;
    const told = startKind({ vmid, migratedFrom, config, title: call.worker.title }, node.files);
    const kind = told === 'backup' && !config.template && wasStoppedByBackup(call) ? 'after-backup' : told;
    forgetBackupStop(call);
    if (kind === 'backup' || kind === 'template') return await onlyForAMoment(call, kind);
    return await place(call, { file, guest, kind, turn });
  } finally {
    await giveBack(turn);
  }
}

async function onlyForAMoment(call: HookCall, kind: 'backup' | 'template'): Promise<HookAnswer> {
  const warnings = await clear(call);
  const what = kind === 'backup' ? 'a backup' : 'a task on its template';
  return said([`VM ${call.vmid} is up only for ${what}, so it takes no CPUs and is not placed.`], warnings);
}

async function withoutPlacement(
  call: HookCall,
  guest: Exclude<GuestPolicy, PlacedGuest>,
): Promise<HookAnswer> {
  const warnings = await clear(call);
  if (guest.kind === 'none')
    return warnings.length === 0 ? SILENT : { code: 0, lines: warningLines(warnings) };
  if (guest.kind === 'foreign') return { code: 0, lines: warningLines([...warnings, ...guest.warnings]) };
  if (guest.onRefusal === 'strict') return refused(call, guest.reason, warnings);
  return floats(guest.reason, warnings);
}

/** No process has this number. */
const NO_PROCESS = '0:0';

interface ToPlace {
  readonly file: VmConfigFile;
  readonly guest: PlacedGuest;
  readonly kind: StartKind;
  /** The node's lock, asked for already. */
  readonly turn: Promise<() => void>;
}

/** A state that cannot be written, a busy lock or a fault refuse the start, or let it go where the guest may float. */
async function place(call: HookCall, start: ToPlace): Promise<HookAnswer> {
  try {
    return await placeUnguarded(call, start);
  } catch (error) {
    const { warnings, onRefusal } = start.guest;
    const more = await clear(call).catch((fault: unknown) => [sentenceOf(fault)]);
    if (onRefusal === 'strict') return refused(call, sentenceOf(error), [...more, ...warnings]);
    return floats(sentenceOf(error), [...more, ...warnings]);
  }
}

async function placeUnguarded(call: HookCall, { file, ...start }: ToPlace): Promise<HookAnswer> {
  const left: LeftMask[] = [];
  const prepared = await prepare(call, start, left);
  call.at('decided');
  const warnings = [...start.guest.warnings, ...(await unmask(call.node, left)), ...prepared.warnings];
  if (prepared.kind === 'placed')
    return said(
      [describePlacement(call.vmid, prepared.entry.placement)],
      [...warnings, ...(await takeEffect(call, prepared, start.kind))],
    );
  removeDropIn(call.node, call.vmid);
  if (prepared.kind === 'refused') return refused(call, prepared.reason, warnings);
  if (prepared.kind === 'unplaced') return said([], warnings);
  const { lines, ended } = await requeue(call, file, prepared.placement);
  return { code: ended ? 1 : 0, lines: [...warningLines(warnings), ...lines.map(logLine)] };
}

function prepare(
  call: HookCall,
  { guest, kind, turn }: Omit<ToPlace, 'file'>,
  left: LeftMask[],
): Promise<Preparation> {
  const { request, onRefusal, policy, profile } = guest;
  const { stateFolder, node, worker } = { ...call, stateFolder: call.folders.state };
  const tidy = (ledger: Ledger) => {
    const leased = new Set(ledger.entries.filter(({ process }) => process === null).map(entry => entry.vm));
    left.push(...leftMasks({ node, stateFolder }, worker.process, name => !leased.has(name)));
    sweepDropIns(node, ledger, call.vmid);
  };
  const ways = waysToPlace({
    guest,
    kind,
    settled: settledCells(guest.config),
    justRequeued: justRequeued(call),
  });
  return prepareStart(
    {
      request,
      onRefusal,
      marker: null,
      ways,
      isOnlyStart: true,
      tidy,
      rewrite: entry =>
        writeScopeDropIn({
          // As it will be once the guest runs; whoever reads it knows the process.
          entry: confirmed(entry, NO_PROCESS),
          policy: { profile, onRefusal, exclusivity: policy.exclusivity ?? DEFAULT_NODE_POLICY.exclusivity },
          settings: scopeSettings(entry.placement, entry.claim, policy),
        }),
      reshape: () => null,
    },
    {
      node,
      ledger: call.ledger,
      domains: null,
      owner: worker.process,
      policy: hostPolicyOf(policy),
      turn,
      stateFolder,
    },
  );
}

/** Puts a placement into force before QEMU is there; answers what could not be done, which post-start repairs. */
async function takeEffect(
  call: HookCall,
  { text, entry, asked }: Extract<Preparation, { kind: 'placed' }>,
  kind: StartKind,
): Promise<readonly string[]> {
  const { node, vmid, worker } = call;
  call.at('leased');
  node.writeAtomically(scopeDropInPath(vmid), text, 0o644);
  call.at('dropped-in');
  // systemd looks up the folder while taskset runs, and while the record is written.
  const nudged = nudgeSystemd(node);
  recordDecision(node, call.folders.state, asked);
  const setsCpus = /^AllowedCPUs=/m.test(text);
  const place = { node, stateFolder: call.folders.state };
  const said =
    setsCpus || kind === 'after-backup'
      ? null
      : await maskWorker(place, { process: worker.process, vm: vmid }, allCpus(entry.placement).toString());
  call.at('masked');
  await nudged;
  call.at('nudged');
  return said === null ? [] : [said];
}

/** Takes off what an earlier start left for this VM and on this worker. */
async function clear(call: HookCall): Promise<readonly string[]> {
  removeDropIn(call.node, call.vmid);
  const place = { node: call.node, stateFolder: call.folders.state };
  return unmask(
    call.node,
    leftMasks(place, call.worker.process, vm => vm === call.vmid),
  );
}

function said(sentences: readonly string[], warnings: readonly string[] = []): HookAnswer {
  return { code: 0, lines: [...warningLines(warnings), ...sentences.map(logLine)] };
}

function refused(call: HookCall, reason: string, warnings: readonly string[]): HookAnswer {
  return {
    code: 1,
    lines: [...warningLines(warnings), logLine(`VM ${call.vmid} is not started: ${reason}`)],
  };
}

function floats(reason: string, warnings: readonly string[]): HookAnswer {
  return { code: 0, lines: warningLines([...warnings, `${reason} The VM starts without a placement.`]) };
}
