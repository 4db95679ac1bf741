import type { Claim, ClaimCell, ClaimEmulator } from '../../domain/claim.ts';
import { escapeXml } from '../xml/references.ts';
import { attributeOf, elementsAt, type XmlElement } from '../xml/xml-element.ts';
import { readDomainTree } from './domain-tree.ts';
import { DomainXmlError } from './domain-xml-error.ts';

/** `virsh metadata DOMAIN --uri …`: one element of a domain belongs to one namespace. */
export const CLAIM_NAMESPACE = 'urn:pinfold:claim:1';
/** `virsh metadata DOMAIN --key …`: the prefix that libvirt writes before the element. */
export const CLAIM_PREFIX = 'pinfold';
const ELEMENT = 'claim';

/** What a running domain carries of Pinfold, so that a lost ledger can be rebuilt. */
export interface ClaimMetadata {
  readonly claim: Claim;
  /** What the caller put beside it, such as the policy in force. */
  readonly extra: Readonly<Record<string, unknown>>;
}

/**
 * The fragment for `virsh metadata --set`: one element without prefix (libvirt adds it) that holds JSON. Only
 * printable ASCII, so that no encoding on the way can change it.
 */
export function writeClaimMetadata(claim: Claim, extra: Readonly<Record<string, unknown>> = {}): string {
  const json = JSON.stringify({ claim, extra }).replace(
    /[^\x20-\x7e]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `<${ELEMENT}>${escapeXml(json)}</${ELEMENT}>`;
}

/**
 * What Pinfold wrote into this domain, or null when it wrote nothing.
 * @throws DomainXmlError when the domain cannot be read or somebody has damaged the element
 */
export function readClaimMetadata(domainXml: string): ClaimMetadata | null {
  const domain = readDomainTree(domainXml);
  const element = elementsAt(domain, 'metadata')
    .flatMap(metadata => metadata.children.map(child => [domain, metadata, child]))
    .find(chain => isClaim(chain))
    ?.at(-1);
  if (element === undefined) return null;
  const value = parseJson(element.text);
  if (!isRecord(value) || !isClaimValue(value['claim']) || !isRecord(value['extra']))
    throw new DomainXmlError(
      `The domain's ${CLAIM_NAMESPACE} metadata holds no claim that Pinfold wrote; take it off with virsh metadata --remove.`,
    );
  return { claim: value['claim'], extra: value['extra'] };
}

/** Whether the last element of this chain is `claim` of our namespace; the nearest declaration holds. */
function isClaim(chain: readonly XmlElement[]): boolean {
  const { name } = chain.at(-1)!;
  const colon = name.indexOf(':');
  if (name.slice(colon + 1) !== ELEMENT) return false;
  const declaration = colon < 0 ? 'xmlns' : `xmlns:${name.slice(0, colon)}`;
  const declared = chain.map(element => attributeOf(element, declaration)).filter(uri => uri !== undefined);
  return declared.at(-1) === CLAIM_NAMESPACE;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type Unknown = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isClaimValue(value: unknown): value is Claim {
  return (
    isRecord(value) &&
    typeof value['vm'] === 'string' &&
    (value['source'] === 'observed' || value['source'] === 'leased') &&
    (value['owner'] === undefined || typeof value['owner'] === 'string') &&
    (value['expires'] === undefined || typeof value['expires'] === 'number') &&
    isListOf(value['cells'], isCell) &&
    (value['emulator'] === undefined || value['emulator'] === null || isEmulator(value['emulator'])) &&
    (value['devices'] === undefined || isListOf(value['devices'], item => typeof item === 'string'))
  );
}

function isCell(value: unknown): value is ClaimCell {
  return (
    isRecord(value) &&
    isCpuList(value['pcpus']) &&
    (value['burnt'] === undefined || isCpuList(value['burnt'])) &&
    (value['pageSizeKiB'] === null || isCount(value['pageSizeKiB'])) &&
    ['hostCell', 'sharedVcpus', 'memoryMiB', 'pages'].every(key => isCount(value[key]))
  );
}

function isEmulator(value: unknown): value is ClaimEmulator {
  return (
    isRecord(value) &&
    ['float', 'share', 'isolate', 'mask'].includes(value['policy'] as string) &&
    isCpuList(value['cpus']) &&
    typeof value['share'] === 'number'
  );
}

function isListOf(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isItem);
}

function isCpuList(value: unknown): boolean {
  return typeof value === 'string' && /^(?:\d{1,5}(?:-\d{1,5})?(?:,\d{1,5}(?:-\d{1,5})?)*)?$/.test(value);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
