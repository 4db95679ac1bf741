import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { LedgerEntry } from '../../domain/ledger.ts';
import type { NodeLock } from '../ports.ts';
import type { WantedExclusive } from '../exclusivity/check-exclusive.ts';
import type { ExclusivityPlace } from '../exclusivity/exclusivity.ts';
import { findQemu } from '../proxmox/find-qemu.ts';
import { dropInOf } from '../proxmox/scope-files.ts';
import type { Finding } from './finding.ts';
import type { Observed, SeenGuest } from './observed.ts';
import { heldCpus, isOwnCpu } from './wanted-placement.ts';

/** Looking needs no lock, and a dry run must not make the lock's file. */
const NO_LOCK: NodeLock = { acquire: () => Promise.resolve(() => undefined) };

/**
 * What no longer keeps others off the dedicated CPUs of guests of Proxmox VE, partitions and fences alike, and what keeps
 * them though nobody holds them any more. On libvirt nothing is taken: there its own pins are all there is.
 */
export async function findExclusivity(seen: Observed, place: ExclusivityPlace): Promise<readonly Finding[]> {
  const wanted = wantedExclusives(seen, new Map(), place);
  if (wanted.length === 0 && place.node.files.read(place.stateFile) === null) return [];
  const { checkExclusive } = await import('../exclusivity/check-exclusive.ts');
  const { findings } = await checkExclusive({ ...place, lock: NO_LOCK }, wanted, false);
  return findings.map(({ vm, sentence }): Finding => {
    const guest = seen.guests.find(one => one.vm === vm) ?? null;
    return {
      drift: {
        code: 'exclusivity-lost',
        cause: 'unknown',
        vm: vm ?? seen.host.topology.host,
        subject: 'dedicated CPUs',
        wanted: '',
        actual: sentence.replace(/\.$/, ''),
      },
      guest,
      entry: seen.entries.find(one => one.vm === vm) ?? null,
      remedy: { kind: 'exclude' },
    };
  });
}

/**
 * Puts partitions and fences right for all guests, and answers why it is not whole, or null. Scopes whose masks the kernel
 * may have replaced are handed to `repin`, by guest.
 */
export async function restoreExclusivity(
  seen: Observed,
  entries: ReadonlyMap<string, LedgerEntry>,
  { place, repin }: { readonly place: ExclusivityPlace; readonly repin: (vm: string) => Promise<void> },
): Promise<string | null> {
  const { checkExclusive } = await import('../exclusivity/check-exclusive.ts');
  const wanted = wantedExclusives(seen, entries, place);
  const { repin: touched, sentences } = await checkExclusive(place, wanted, true);
  for (const { vm } of seen.guests)
    if (touched.some(group => group.endsWith(`/${vm}.scope`))) await repin(vm);
  const { findings } = await checkExclusive(place, wanted, false);
  return findings.length === 0 ? null : (sentences[0] ?? findings[0]!.sentence).replace(/\.$/, '');
}

/**
 * Lets go of the CPUs of guests whose vCPUs are to move: a thread cannot be pinned outside its partition (EINVAL). Answers of which;
 * the kernel then gives their threads the masks of the groups that they come to.
 */
export async function loosen(vms: Iterable<string>, place: ExclusivityPlace): Promise<readonly string[]> {
  const loosened: string[] = [];
  for (const vm of vms) {
    const qemu = findQemu(place.node.files, vm);
    if (qemu === null || dropInOf(place.node, vm) === null) continue;
    const { giveBackExclusive } = await import('../exclusivity/give-back-exclusive.ts');
    await giveBackExclusive(place, { vm, scope: qemu.scope });
    loosened.push(vm);
  }
  return loosened;
}

function wantedExclusives(
  seen: Observed,
  entries: ReadonlyMap<string, LedgerEntry>,
  { node }: ExclusivityPlace,
): WantedExclusive[] {
  return seen.guests.flatMap(guest => {
    const entry = entries.get(guest.vm) ?? seen.entries.find(({ process }) => process === guest.process);
    const dropIn = guest.ofLibvirt ? null : dropInOf(node, guest.vm);
    const scope = dropIn === null ? undefined : findQemu(node.files, guest.vm)?.scope;
    if (entry?.placement == null || entry.foreign !== null || dropIn === null || scope === undefined)
      return [];
    const { settings, policy } = dropIn;
    if (!settings.delegate && settings.allowedCpus === null) return [];
    const burnt = CpuSet.union(entry.claim.cells.map(cell => parseCpuList(cell.burnt ?? ''))).toString();
    return [
      {
        guest: { vm: guest.vm, scope, vcpus: dedicatedThreads(guest, entry), burnt },
        mode: settings.delegate ? policy.exclusivity : 'fence',
        underWay: entry.step !== undefined,
      },
    ];
  });
}

function dedicatedThreads({ threads }: SeenGuest, entry: LedgerEntry) {
  const held = heldCpus(entry);
  return threads.flatMap(({ tid, role, index }) => {
    const cpus = entry.placement?.pins[index ?? -1];
    if (role !== 'vcpu' || index === null || cpus === undefined || !isOwnCpu(parseCpuList(cpus), held))
      return [];
    return [{ tid, vcpu: index, cpus }];
  });
}
