import type { PlacementRequest } from '../../domain/placement-request.ts';

/**
 * A domain as it goes to a host that has not placed it: without this host's pins, which libvirt would carry along onto
 * whatever runs on those CPUs there. What the guest asks for goes with it, beside a claim that holds nothing, so that
 * reconcile can place it where it arrives.
 */
export async function travellingXml(
  xml: string,
  { vm, request }: { readonly vm: string; readonly request: PlacementRequest | null },
): Promise<string> {
  const { insertClaim, withoutPlacement, writeClaimMetadata } = await import('../xml-formats.ts');
  const bare = withoutPlacement(xml);
  if (request === null) return bare;
  const nothing = { vm, source: 'observed', cells: [] } as const;
  return insertClaim(bare, writeClaimMetadata(nothing, { request }));
}
