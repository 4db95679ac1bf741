import type { LedgerEntry } from '../../domain/ledger.ts';
import type { OnRefusal } from '../../domain/node-policy.ts';
import type { PlacementRequest } from '../../domain/placement-request.ts';
import { isRequest } from '../../formats/ledger/parse-ledger.ts';
import type { QemuProcess } from '../../formats/proc/qemu-processes.ts';
import { sentenceOf } from '../sentence-of.ts';
import type { DriverCall } from './driver-call.ts';
import { sectionsWord } from './sections-word.ts';
import { vmOfMessage } from './vm-of-message.ts';

/** A guest of Pinfold's that leaves. */
export interface Traveller {
  readonly qemu: QemuProcess;
  /** What it asks for; null where neither the ledger nor its XML says it. */
  readonly request: PlacementRequest | null;
  /** The domain as libvirt would send it; null where libvirt does not answer. */
  readonly xml: string | null;
  readonly onRefusal: OnRefusal;
  /** Of one that may float: why, as the end of a sentence. */
  readonly floatsBecause: string;
  readonly profile: string | null;
}

/** What leaves: `traveller` is null for a guest that Pinfold did not place. */
export interface Leaving {
  readonly traveller: Traveller | null;
  readonly warnings: readonly string[];
}

/**
 * What is known of a guest that is about to leave:
 *
 * 1. The ledger says whose it is and what it asks for. Where it cannot be read, or has lost the guest, the guest's own XML
 *    does: a guest must not go with this host's pins onto CPUs of others, nor stay because this host's state is damaged.
 * 2. Whether it may float: see {@link wordOf}; else what it carries since its start. One whose start was long ago carries
 *    nothing of that and is strict.
 */
export async function leavingGuest(call: DriverCall, qemu: QemuProcess): Promise<Leaving> {
  const { entry, warnings } = await entryOf(call, qemu);
  if (entry !== null && entry.foreign !== null) return { traveller: null, warnings };
  const xml = await call.domains.migratableXml(qemu.name);
  const carried = xml === null ? null : await carriedBy(xml);
  if (entry === null && carried === null) return { traveller: null, warnings };
  const word = await wordOf(call.stdin);
  const traveller = {
    qemu,
    request: entry?.wished ?? entry?.request ?? carried?.request ?? null,
    xml,
    onRefusal: word === 'gone' ? 'float' : (word ?? carried?.onRefusal ?? 'strict'),
    floatsBecause: word === 'gone' ? 'its PINFOLD section is gone' : 'its policy says float',
    profile: carried?.profile ?? null,
  } as const;
  return { traveller, warnings };
}

/** The guest's entry; null where the ledger has none or cannot be read, which is said. */
async function entryOf(
  call: DriverCall,
  { process }: QemuProcess,
): Promise<{ readonly entry: LedgerEntry | null; readonly warnings: readonly string[] }> {
  try {
    const unlock = await call.ledger.acquire();
    try {
      const { ledger, warning } = call.ledger.read();
      const entry = ledger.entries.find(one => one.process === process) ?? null;
      return { entry, warnings: warning === null ? [] : [warning] };
    } finally {
      unlock();
    }
  } catch (error) {
    return { entry: null, warnings: [sentenceOf(error)] };
  }
}

type Carried = Pick<Traveller, 'request' | 'onRefusal' | 'profile'>;

async function carriedBy(xml: string): Promise<Carried | null> {
  const { readClaimMetadata } = await import('../xml-formats.ts');
  try {
    const extra = readClaimMetadata(xml)?.extra;
    if (extra === undefined) return null;
    const { profile, request } = extra;
    return {
      request: isRequest(request) ? request : null,
      onRefusal: extra['onRefusal'] === 'float' ? 'float' : 'strict',
      profile: typeof profile === 'string' ? profile : null,
    };
  } catch {
    return null;
  }
}

/**
 * What the VM's section says now: the operator may have changed it since the start, so that the guest can leave. `gone`: it
 * has none any more, so that nothing of Pinfold may keep it. null: it says nothing, or nothing that can be understood.
 */
export async function wordOf(message: string): Promise<OnRefusal | 'gone' | null> {
  const vmXml = vmOfMessage(message);
  if (vmXml === null) return null;
  if (!vmXml.includes('<PINFOLD>')) return 'gone';
  try {
    const { readVmXml } = await import('../xml-formats.ts');
    return sectionsWord(readVmXml(vmXml)) ?? null;
  } catch {
    return null;
  }
}
