/**
 * Everything that needs the XML reader, for `import()`: its library is the largest part of the hook, and only a start
 * of a guest with a policy, or one that finds a guest it has never seen, needs it.
 */
export { readClaimMetadata, writeClaimMetadata } from '../formats/domain-xml/claim-metadata.ts';
export { insertClaim } from '../formats/domain-xml/insert-claim.ts';
export { readDomain } from '../formats/domain-xml/read-domain.ts';
export { shapeDomain } from '../formats/domain-xml/shape-domain.ts';
export { spliceDomain } from '../formats/domain-xml/splice-domain.ts';
export { withoutPlacement } from '../formats/domain-xml/without-placement.ts';
export { readVmXml } from '../formats/opennebula/read-vm-xml.ts';
