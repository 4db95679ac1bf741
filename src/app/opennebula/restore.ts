import { dirname } from 'node:path/posix';
import { failure, runStock, withWarnings, type DriverAnswer, type DriverCall } from './driver-call.ts';
import { startOf } from './deploy.ts';
import { guestStart } from './guest-start.ts';
import { launch } from './launch.ts';
import { vmOfMessage } from './vm-of-message.ts';

/**
 * `restore CHECKPOINT HOST DEPLOY_ID VM_ID HOST`, the driver's message on standard input. The XML inside the
 * checkpoint carries the pins of the host and the day of its saving, so it is placed anew before OpenNebula's own
 * script reads it out again. Where the guest may float, it is restored with what it carries.
 */
export async function restore(call: DriverCall): Promise<DriverAnswer> {
  const file = call.args[0] ?? '';
  const unplaced = () => runStock(call, call.stdin);
  const vmXml = vmOfMessage(call.stdin) ?? call.node.files.read(`${dirname(file)}/vm.xml`);
  if (vmXml === null || !vmXml.includes('<PINFOLD>')) return unplaced();
  const saved = await call.domains.savedXml(file);
  if (saved === null)
    return failure(
      `The XML inside the checkpoint ${file} could not be read with virsh save-image-dumpxml, so the VM was not restored: check that libvirtd runs here and that the file is whole.`,
    );
  const guest = await guestStart(call, { vmXml, domainXml: saved });
  if (guest.kind === 'failed') return guest.answer;
  if (guest.kind === 'foreign') return withWarnings(await unplaced(), guest.warnings);
  return launch(call, {
    // A saved guest knows its shape: it must come back as it was.
    start: { ...(await startOf(guest, saved)), reshape: () => null, marker: file },
    policy: guest.policy,
    warnings: guest.warnings,
    placed: async xml => {
      const refused = await call.domains.replaceSavedXml(file, xml);
      if (refused === null) return runStock(call, call.stdin);
      return failure(`The placement could not be written into the checkpoint ${file}: ${refused}.`);
    },
    unplaced,
  });
}
