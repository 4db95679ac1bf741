import type { LedgerEntry } from '../../domain/ledger.ts';
import { readQemuProcesses } from '../../formats/proc/qemu-processes.ts';
import type { DriverAnswer, DriverCall } from './driver-call.ts';

const NOTHING: DriverAnswer = { code: 0, stdout: '', stderr: '' };

/**
 * Before a live migration: writes the domain without this host's placement into a file and prints its path, for
 * `virsh migrate --xml`. Otherwise libvirt would carry the pins along, onto whatever runs on those CPUs there. What the guest
 * asks for goes with it, so that reconcile places it where it arrives. A guest that Pinfold did not place travels as it is:
 * nothing is printed.
 */
export async function travel(call: DriverCall): Promise<DriverAnswer> {
  const domain = call.args[0] ?? '';
  const qemu = readQemuProcesses(call.node.files).find(
    ({ name, uuid }) => name === domain || uuid === domain,
  );
  const unlock = await call.ledger.acquire();
  const { ledger } = call.ledger.read();
  unlock();
  const entry = ledger.entries.find(({ process }) => process !== null && process === qemu?.process);
  if (qemu === undefined || entry === undefined || entry.foreign !== null) return NOTHING;
  const xml = await call.domains.migratableXml(qemu.name);
  if (xml === null) return NOTHING;
  const path = `${call.folders.state}/travel-${qemu.pid}.xml`;
  call.node.writeAtomically(path, await travellingXml(xml, entry), 0o600);
  return { ...NOTHING, stdout: `${path}\n` };
}

/** The domain with a claim that holds nothing, and beside it what the guest asks for. */
async function travellingXml(xml: string, entry: LedgerEntry): Promise<string> {
  const { insertClaim, withoutPlacement, writeClaimMetadata } = await import('../xml-formats.ts');
  const request = entry.wished ?? entry.request;
  const bare = withoutPlacement(xml);
  if (request === undefined) return bare;
  const nothing = { vm: entry.vm, source: 'observed', cells: [] } as const;
  return insertClaim(bare, writeClaimMetadata(nothing, { request }));
}
