import { readQemuProcesses } from '../../formats/proc/qemu-processes.ts';
import type { DriverAnswer, DriverCall } from './driver-call.ts';

const NOTHING: DriverAnswer = { code: 0, stdout: '', stderr: '' };

/**
 * Before a live migration: writes the domain without this host's placement into a file and prints its path, for
 * `virsh migrate --xml`. Otherwise libvirt would carry the pins along, onto whatever runs on those CPUs there. A
 * guest that Pinfold did not place travels as it is: nothing is printed.
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
  const { withoutPlacement } = await import('../xml-formats.ts');
  const path = `${call.folders.state}/travel-${qemu.pid}.xml`;
  call.node.writeAtomically(path, withoutPlacement(xml), 0o600);
  return { ...NOTHING, stdout: `${path}\n` };
}
