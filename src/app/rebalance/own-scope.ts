import type { Claim } from '../../domain/claim.ts';
import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { Placement } from '../../domain/decision.ts';
import type { LedgerEntry } from '../../domain/ledger.ts';
import { exclusiveCpus } from '../../formats/cgroup/partition-leaf.ts';
import { readCpus } from '../../formats/cgroup/read-cpuset.ts';
import { scopeDropInPath, writeScopeDropIn, type ScopeDropIn } from '../../formats/systemd/scope-drop-in.ts';
import type { ExclusivityMode, ExclusivityPlace } from '../exclusivity/exclusivity.ts';
import { readExclusivityState } from '../exclusivity/exclusivity-state.ts';
import { giveBackExclusive } from '../exclusivity/give-back-exclusive.ts';
import { pinsWithin, restorePins } from '../exclusivity/keep-pins.ts';
import { takeExclusive } from '../exclusivity/take-exclusive.ts';
import { exclusiveGuest } from '../proxmox/exclusive-guest.ts';
import { findQemu, type RunningQemu } from '../proxmox/find-qemu.ts';
import { dropInOf } from '../proxmox/scope-files.ts';
import { allCpus } from '../proxmox/scope-settings.ts';
import { setProperties } from '../proxmox/settle-scope.ts';
import type { RebalanceTools } from './rebalance-tools.ts';

/** The scope of a guest of Proxmox VE that is held to its CPUs, or keeps others off them. */
export interface OwnScope {
  readonly qemu: RunningQemu;
  readonly dropIn: ScopeDropIn;
  readonly place: ExclusivityPlace;
  /** By what its CPUs are its own when its threads are where they belong. */
  readonly mode: ExclusivityMode;
}

/** Where a guest goes, and what it holds there. */
export interface Goal {
  readonly to: Placement;
  readonly claim: Claim;
}

/** The scope of a running guest; null where none has to give way for its pins, as on libvirt. */
export function ownScope(tools: RebalanceTools, { vm, process }: LedgerEntry): OwnScope | null {
  const { node, exclusivity: place } = tools;
  const dropIn = dropInOf(node, vm);
  const qemu = dropIn === null ? null : findQemu(node.files, vm);
  if (dropIn === null || qemu === null || qemu.process !== process) return null;
  const { settings, policy } = dropIn;
  if (!settings.delegate && settings.allowedCpus === null) return null;
  const isFenced = heldCpus(place, vm)?.inForce === 'fence';
  return { qemu, dropIn, place, mode: settings.delegate && !isFenced ? policy.exclusivity : 'fence' };
}

/**
 * Lets the threads of a guest go from where they are to where they belong (a CPU outside of their cpuset is EINVAL):
 *
 * 1. Its drop-in says both places, so that a lost ledger, or a systemd that reads its files anew, finds no less.
 * 2. Fences grow around the new CPUs before anybody of the guest is there. A partition has no CPUs of both places without
 *    driving the guest's own emulator off them, so it ends for the moments that the pins take.
 * 3. A scope that is held to its CPUs gets those of both places.
 *
 * Doing it again does no harm. Answers null, or in one phrase what was refused.
 */
export async function openScope(
  tools: RebalanceTools,
  scope: OwnScope,
  { entry, goal }: { readonly entry: LedgerEntry; readonly goal: Goal },
): Promise<string | null> {
  const { qemu, dropIn, place } = scope;
  const { node } = tools;
  const { settings } = dropIn;
  const allowed = settings.allowedCpus === null ? null : bothPlaces(settings.allowedCpus, entry, goal.to);
  const allowedCells =
    settings.allowedCells === null ? null : both(settings.allowedCells, goal.to.nodeset).toString();
  const joint = { ...settings, allowedCpus: allowed?.toString() ?? null, allowedCells };
  node.writeAtomically(
    scopeDropInPath(entry.vm),
    writeScopeDropIn({ ...dropIn, entry, settings: joint }),
    0o644,
  );
  const held = heldCpus(place, entry.vm);
  if (held?.inForce === 'fence') {
    const then = exclusiveGuest(node.files, qemu, { vm: entry.vm, claim: goal.claim, placement: goal.to });
    const burnt = parseCpuList(held.cpus).union(exclusiveCpus(then)).toString();
    await takeExclusive(place, { vm: entry.vm, scope: qemu.scope, vcpus: [], burnt }, 'fence');
  } else await giveBackExclusive(place, { vm: entry.vm, scope: qemu.scope });
  return allowed === null ? null : allowCpus(tools, scope, allowed);
}

/**
 * Makes the CPUs of a guest its own again when its threads stand on them, and holds its scope to them. Where nothing can keep
 * others off, that is told and the guest stays, as it does at its start.
 */
export async function closeScope(
  tools: RebalanceTools,
  scope: OwnScope,
  { vm, goal: { to, claim } }: { readonly vm: string; readonly goal: Goal },
): Promise<string | null> {
  const { qemu, dropIn, place, mode } = scope;
  const refused = dropIn.settings.allowedCpus === null ? null : await allowCpus(tools, scope, allCpus(to));
  if (refused !== null) return refused;
  const guest = exclusiveGuest(tools.node.files, qemu, { vm, claim, placement: to });
  const { inForce, sentences } = await takeExclusive(place, guest, mode);
  const isWanted = mode !== 'none' && !exclusiveCpus(guest).isEmpty;
  if (isWanted && inForce === 'none') for (const sentence of sentences) tools.warn(sentence);
  return null;
}

/** Sets the scope's CPUs where they are others, and lets threads keep their pins on kernels that would forget them. */
async function allowCpus(
  { node }: RebalanceTools,
  { qemu: { scope } }: OwnScope,
  cpus: CpuSet,
): Promise<string | null> {
  if (readCpus(node.files, scope, 'cpuset.cpus')?.equals(cpus) === true) return null;
  const pins = pinsWithin(node, scope);
  const unit = scope.slice(scope.lastIndexOf('/') + 1);
  const said = await setProperties(node, unit, [`AllowedCPUs=${cpus.toString()}`]);
  await restorePins(node, scope, pins);
  if (said !== null) return said.replace(/\.$/, '');
  // systemd answers 0 before the kernel has agreed.
  const now = readCpus(node.files, scope, 'cpuset.cpus');
  return now?.equals(cpus) === true
    ? null
    : `${unit} was to be held to CPUs ${cpus.toString()}, but the kernel says ${now?.toString() ?? 'nothing'}`;
}

/** All CPUs that any thread stands on before, after or on its way. */
function bothPlaces(allowed: string, { claim }: LedgerEntry, to: Placement): CpuSet {
  const claimed = claim.cells.map(({ pcpus }) => parseCpuList(pcpus));
  return CpuSet.union([parseCpuList(allowed), allCpus(to), ...claimed]);
}

function both(left: string, right: string): CpuSet {
  return parseCpuList(left).union(parseCpuList(right));
}

function heldCpus({ node, stateFile }: ExclusivityPlace, vm: string) {
  return readExclusivityState(node, stateFile).guests.find(guest => guest.vm === vm);
}
