import { parseCpuList } from '../../domain/cpu-list.ts';
import type { CpuSet } from '../../domain/cpu-set.ts';
import type { Placement } from '../../domain/decision.ts';
import { buildHostModel } from '../../engine/host-model.ts';
import { decideCores, decidedAnew } from './decide-cores.ts';
import { decideVcpu } from './decide-vcpu.ts';
import type { Finding } from './finding.ts';
import { choosesCores, specOfEntry } from './guest-cores.ts';
import type { Observed, SeenGuest } from './observed.ts';
import { orderRepairs } from './order-repairs.ts';
import { confining, isSameThread, pinsOf } from './pins-of.ts';
import { placeRunning } from './place-running.ts';
import { add, emptyDraft, entryNow, hostNow, move, pin, type Draft } from './repair-draft.ts';
import type { Act, RepairPlan } from './repair.ts';
import { heldCpus, wantedPlacement } from './wanted-placement.ts';

/**
 * How everything that was found is mended, the ledger's part first: what is decided for a guest is claimed before its
 * threads go there, so that a start which decides meanwhile leaves it alone. Decisions are made in the order of the
 * findings, each on the host as the ones before leave it; threads that float leave the CPUs which were claimed so. The acts then
 * get the order of {@link orderRepairs}.
 */
export function planRepairs(seen: Observed, findings: readonly Finding[]): RepairPlan {
  const draft = emptyDraft(seen);
  findings.forEach((finding, index) => {
    mend(draft, finding, index);
  });
  followClaims(draft);
  const { entries, asked, confined, refused, decided } = draft;
  return {
    repairs: orderRepairs(draft.repairs, { seen, entries }),
    entries,
    asked,
    confined,
    refused,
    decided,
  };
}

function mend(draft: Draft, finding: Finding, index: number): void {
  const { remedy, guest } = finding;
  if (isSettled(draft, finding)) {
    draft.decided.set(index, draft.moved.has(finding.drift.vm) ? 'with its guest' : 'with its vCPU');
    return;
  }
  switch (remedy.kind) {
    case 'none':
      draft.refused.set(index, remedy.why);
      return;
    case 'record':
    case 'exclude':
      return;
    case 'remove-file':
      add(draft, finding, { index, act: { kind: 'remove-file', path: remedy.path } });
      return;
    case 'pin':
      add(draft, finding, { index, act: actOf(remedy) });
      return;
    case 'bind-memory':
      add(draft, finding, {
        index,
        act: { kind: 'bind-memory', cells: remedy.cells },
        costMiB: strayMiB(guest!, remedy.cells),
      });
      return;
    case 'return-pages':
      add(draft, finding, {
        index,
        act: { kind: 'return-pages', from: remedy.from, to: remedy.to },
        costMiB: strayMiB(guest!, remedy.to),
      });
      return;
    case 'decide-vcpu':
      decide(draft, finding, index);
      return;
    case 'decide-cores':
      giveCores(draft, finding, index);
      return;
    case 'refloat':
      refloat(draft, finding, index);
      return;
    case 'confine':
      if (draft.entries.has(finding.drift.vm)) {
        draft.decided.set(index, 'by its placement');
        return;
      }
      draft.confined.set(guest!.process, remedy.cpus);
      for (const act of confining(guest!, remedy.cpus)) add(draft, finding, { index, act });
      return;
    case 'place':
      putInPlace(draft, finding, index);
  }
}

function actOf(remedy: Extract<Finding['remedy'], { kind: 'pin' }>): Act {
  if (remedy.role === 'emulator') return { kind: 'pin-emulator', cpus: remedy.cpus };
  return {
    kind: remedy.role === 'vcpu' ? 'pin-vcpu' : 'pin-iothread',
    index: remedy.index,
    cpus: remedy.cpus,
  };
}

function decide(draft: Draft, finding: Finding, index: number): void {
  const { remedy, drift, guest } = finding;
  if (remedy.kind !== 'decide-vcpu') return;
  const entry = entryNow(draft, finding);
  const spec = remedy.from === null ? null : specOfEntry(entry);
  if (spec !== null && choosesCores(spec, entry.placement)) {
    const moved = decidedAnew(entry, spec, hostNow(draft));
    if (moved !== null) {
      move(draft, finding, { index, from: entry, to: moved });
      draft.decided.set(index, `its guest goes to ${places(moved.placement, heldCpus(moved))}`);
      return;
    }
  }
  const model = buildHostModel(hostNow(draft));
  const vcpu = { number: remedy.vcpu, from: remedy.from };
  const { entry: after, cpus, isOwn } = decideVcpu(entry, vcpu, { model, taken: model.usage.cpus });
  if (cpus.isEmpty) {
    draft.refused.set(index, 'no CPU of its guest is online: bring one online, or stop the guest');
    return;
  }
  const allowed = guest!.threads.find(
    ({ role, index: number }) => role === 'vcpu' && number === remedy.vcpu,
  )?.allowed;
  if (remedy.from !== null && !isOwn && allowed?.isSubsetOf(cpus) === true) {
    draft.refused.set(
      index,
      `no dedicated CPU of its cells is free, so it shares ${cpus.toString()} with its guest until one is`,
    );
    return;
  }
  if (after !== entry) draft.entries.set(drift.vm, after);
  if (isOwn) draft.claimedFor = index;
  draft.decided.set(
    index,
    isOwn
      ? `CPU ${cpus.toString()} was free and is claimed for it`
      : `no dedicated CPU of its cells is free for it, so it shares ${cpus.toString()} with its guest`,
  );
  const acts: readonly Act[] = isOwn
    ? pinsOf(after.placement, guest!, entry.placement)
    : [{ kind: 'pin-vcpu', index: remedy.vcpu, cpus: cpus.toString() }];
  pin(draft, finding, { index, acts });
}

/** A guest that lacks whole cores or siblings. */
function giveCores(draft: Draft, finding: Finding, index: number): void {
  const entry = entryNow(draft, finding);
  const made = decideCores(entry, specOfEntry(entry)!, hostNow(draft));
  if (made.entry === null) {
    draft.refused.set(index, made.why);
    return;
  }
  move(draft, finding, { index, from: entry, to: made.entry });
  draft.decided.set(index, made.how);
}

/**
 * Whether the threads of a finding went elsewhere already: with a vCPU that got another CPU than the one that is offline, or with
 * their guest as a whole.
 */
function isSettled({ seen, entries, moved }: Draft, { drift, entry, remedy }: Finding): boolean {
  const now = entries.get(drift.vm)?.placement;
  const before = entry?.placement;
  if (now != null && before != null && moved.has(drift.vm)) {
    if (remedy.kind === 'decide-vcpu') return now.pins[remedy.vcpu] !== before.pins[remedy.vcpu];
    if (remedy.kind === 'pin') return cpusOf(remedy, now) !== cpusOf(remedy, before);
  }
  if (drift.code !== 'cpu-offline' || remedy.kind === 'decide-vcpu' || now == null || before == null)
    return false;
  const [set, old] = [now.emulator.cpus, before.emulator.cpus];
  const online = parseCpuList(seen.host.topology.cpus.online);
  return (
    set !== old &&
    parseCpuList(set).intersects(online) &&
    parseCpuList(drift.wanted).isSubsetOf(parseCpuList(old))
  );
}

function cpusOf(
  remedy: Extract<Finding['remedy'], { kind: 'pin' }>,
  placement: Placement,
): string | undefined {
  if (remedy.role === 'emulator') return placement.emulator.cpus;
  return (remedy.role === 'vcpu' ? placement.pins : placement.iothreads)[remedy.index];
}

/** Threads of other guests that float over CPUs which were claimed for a finding leave them with its repair. */
function followClaims(draft: Draft): void {
  const { claimedFor, seen } = draft;
  if (claimedFor === null) return;
  const model = buildHostModel(hostNow(draft));
  for (const { vm, process, step } of seen.entries) {
    const entry = draft.entries.get(vm) ?? seen.entries.find(one => one.vm === vm)!;
    const guest = seen.guests.find(one => one.process === process);
    const { placement, claim } = entry;
    if (guest === undefined || placement === null || step !== undefined) continue;
    const wanted = wantedPlacement({ ...entry, placement }, model);
    const acts = pinsOf(wanted, guest, placement);
    if (acts.length === 0) continue;
    const emulator = claim.emulator && { ...claim.emulator, cpus: wanted.emulator.cpus };
    draft.entries.set(vm, {
      ...entry,
      placement: wanted,
      claim: { ...claim, ...(emulator ? { emulator } : {}) },
    });
    draft.repairs = [
      ...draft.repairs.filter(repair => repair.vm !== vm || !acts.some(act => isSameThread(act, repair.act))),
      ...acts.map(act => ({ finding: claimedFor, vm, act, from: '', costMiB: 0 })),
    ];
  }
}

function refloat(draft: Draft, finding: Finding, index: number): void {
  const { remedy, drift, guest } = finding;
  if (remedy.kind !== 'refloat') return;
  const entry = draft.entries.get(drift.vm) ?? finding.entry!;
  const { placement } = remedy;
  const emulator = entry.claim.emulator && { ...entry.claim.emulator, cpus: placement.emulator.cpus };
  draft.entries.set(drift.vm, {
    ...entry,
    placement,
    claim: { ...entry.claim, ...(emulator ? { emulator } : {}) },
  });
  const online = parseCpuList(draft.seen.host.topology.cpus.online);
  // Threads of which all CPUs are offline are told and mended as such.
  for (const act of pinsOf(placement, guest!, finding.entry!.placement))
    if ('cpus' in act && parseCpuList(act.cpus).intersects(online)) add(draft, finding, { index, act });
}

function putInPlace(draft: Draft, finding: Finding, index: number): void {
  const { remedy, drift, guest } = finding;
  if (remedy.kind !== 'place') return;
  const placed = placeRunning(guest!, remedy, hostNow(draft));
  if ('why' in placed) {
    draft.refused.set(index, placed.why);
    return;
  }
  const { entry, asked } = placed;
  draft.entries.set(drift.vm, entry);
  if (asked !== undefined) draft.asked.set(drift.vm, asked);
  draft.claimedFor = index;
  draft.confined.delete(guest!.process);
  draft.decided.set(index, `it goes to ${places(entry.placement, heldCpus(entry))}`);
  for (const act of pinsOf(entry.placement, guest!, null)) add(draft, finding, { index, act });
  const cells = entry.placement.nodeset;
  const costMiB = strayMiB(guest!, cells);
  // A guest that came without cells gets them from libvirt, also where its memory lies there already.
  if ((costMiB > 0 || guest!.ofLibvirt) && entry.placement.memoryMode !== 'none')
    add(draft, finding, { index, act: { kind: 'bind-memory', cells }, costMiB });
}

function places(placement: Placement, held: CpuSet): string {
  const cells = placement.cells.map(({ hostCell }) => hostCell).join(', ');
  return held.isEmpty ? `cell ${cells}` : `CPUs ${held.toString()} of cell ${cells}`;
}

/** MiB of a guest that lie elsewhere than on these cells. */
function strayMiB(guest: SeenGuest, cells: string): number {
  const named = cells.split(',');
  const away = guest.memory.filter(({ cell }) => !named.includes(`${cell}`));
  return Math.ceil(away.reduce((sum, { mib }) => sum + mib, 0));
}
