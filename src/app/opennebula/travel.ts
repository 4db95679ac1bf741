import type { OnRefusal } from '../../domain/node-policy.ts';
import type { PlacementRequest } from '../../domain/placement-request.ts';

/**
 * A domain as it goes to a host that has not placed it: without this host's pins, which libvirt would carry along onto
 * whatever runs on those CPUs there. What the guest asks for and its policy go with it, beside a claim that holds nothing, so
 * that reconcile can place it where it arrives, and its next migration follows the same policy.
 */
export async function travellingXml(
  xml: string,
  guest: {
    readonly vm: string;
    readonly request: PlacementRequest;
    readonly onRefusal: OnRefusal;
    readonly profile: string | null;
  } | null,
): Promise<string> {
  const { insertClaim, withoutPlacement, writeClaimMetadata } = await import('../xml-formats.ts');
  const bare = withoutPlacement(xml);
  if (guest === null) return bare;
  const { vm, ...extra } = guest;
  const nothing = { vm, source: 'observed', cells: [] } as const;
  return insertClaim(bare, writeClaimMetadata(nothing, extra));
}
