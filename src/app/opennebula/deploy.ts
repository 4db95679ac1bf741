import { dirname } from 'node:path/posix';
import { confirmed } from '../collect-garbage.ts';
import type { Start } from '../prepare-start.ts';
import { writeClaimMetadata } from '../../formats/domain-xml/claim-metadata.ts';
import { insertClaim } from '../../formats/domain-xml/insert-claim.ts';
import { spliceDomain } from '../../formats/domain-xml/splice-domain.ts';
import { runStock, withWarnings, type DriverAnswer, type DriverCall } from './driver-call.ts';
import { guestStart, type GuestStart } from './guest-start.ts';
import { launch } from './launch.ts';

/**
 * `deploy DEPLOYMENT_FILE HOST VM_ID HOST`, the domain XML on standard input, the VM in vm.xml beside the
 * deployment file. A VM without policy, or with pins of its own, goes to OpenNebula's script as it came.
 */
export async function deploy(call: DriverCall): Promise<DriverAnswer> {
  const file = call.args[0] ?? '';
  const unplaced = () => runStock(call, call.stdin);
  const guest = await guestStart(call, {
    vmXml: call.node.files.read(`${dirname(file)}/vm.xml`),
    domainXml: call.stdin,
  });
  if (guest.kind === 'failed') return guest.answer;
  if (guest.kind === 'foreign') return withWarnings(await unplaced(), guest.warnings);
  return launch(call, {
    start: { ...startOf(guest, call.stdin), marker: file },
    policy: guest.policy,
    warnings: guest.warnings,
    placed: xml => runStock(call, xml),
    unplaced,
  });
}

/** What every start of a guest has in common: its request, and how a placement gets into its XML. */
export function startOf(
  guest: Extract<GuestStart, { kind: 'ours' }>,
  domainXml: string,
): Omit<Start, 'marker'> {
  return {
    request: guest.request,
    onRefusal: guest.onRefusal,
    rewrite: (entry, spec) => {
      const { placement } = entry;
      // As it will be once the guest runs; the process is not part of a claim.
      const { claim } = confirmed(entry, '');
      const metadata = writeClaimMetadata(claim, {
        profile: guest.profile,
        onRefusal: guest.onRefusal,
        placement,
      });
      const placed = spliceDomain(domainXml, placement, {
        atStart: true,
        lockedMemory: spec.lockedMemory,
        physicalAddress: spec.physicalAddress,
      });
      return insertClaim(placed, metadata);
    },
  };
}
