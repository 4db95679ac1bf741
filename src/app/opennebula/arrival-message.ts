import type { OnRefusal } from '../../domain/node-policy.ts';
import type { PlacementRequest } from '../../domain/placement-request.ts';

/** Raised when hosts of different versions would no longer understand each other. */
export const ARRIVAL_VERSION = 1;

/** What the source tells the destination of a guest that comes, as one line of JSON. */
export interface ArrivalQuestion {
  readonly kind: 'pinfold/arrival';
  readonly version: typeof ARRIVAL_VERSION;
  /** The source's host name, for messages. */
  readonly source: string;
  readonly request: PlacementRequest;
  readonly onRefusal: OnRefusal;
  readonly profile: string | null;
  /** The domain as libvirt would send it. */
  readonly xml: string;
}

/** What the destination answers: the guest's XML with its place there, or without one under float, or why not. */
export type ArrivalAnswer =
  | { readonly kind: 'placed' | 'unplaced'; readonly xml: string; readonly warnings: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: string; readonly warnings: readonly string[] }
  /** After the guest came: what of it is not as it was decided. */
  | { readonly kind: 'confirmed'; readonly warnings: readonly string[] };

/** Begins each line of the destination's, so that what its shell says at a login is told apart. */
const MARK = 'pinfold-arrival ';

/** What the source says while the migration goes on and when it is over. */
export const SOURCE_WORDS = ['waiting', 'arrived', 'failed'] as const;

/** An answer as a line. */
export function arrivalLine(answer: ArrivalAnswer): string {
  return `${MARK}${JSON.stringify(answer)}`;
}

/** Reads a line of the destination's: null for one that is not Pinfold's, `garbage` for one that cannot be read. */
export function readArrivalLine(line: string): ArrivalAnswer | 'garbage' | null {
  if (!line.startsWith(MARK)) return null;
  const value = parsed(line.slice(MARK.length));
  if (!isRecord(value) || !isTexts(value['warnings'])) return 'garbage';
  const { kind, warnings } = value;
  if (kind === 'confirmed') return { kind, warnings };
  if (kind === 'refused' && typeof value['reason'] === 'string')
    return { kind, reason: value['reason'], warnings };
  if ((kind === 'placed' || kind === 'unplaced') && typeof value['xml'] === 'string')
    return { kind, xml: value['xml'], warnings };
  return 'garbage';
}

/** What of a question can be told before its request is looked at; null when it is none. */
export function readArrivalQuestion(
  line: string,
):
  | (Omit<ArrivalQuestion, 'request' | 'version'> & { readonly version: number; readonly request: unknown })
  | null {
  const value = parsed(line);
  if (!isRecord(value) || value['kind'] !== 'pinfold/arrival') return null;
  const { version, source, xml, profile, onRefusal, request } = value;
  if (!Number.isSafeInteger(version) || typeof source !== 'string' || typeof xml !== 'string') return null;
  if (profile !== null && typeof profile !== 'string') return null;
  if (onRefusal !== 'strict' && onRefusal !== 'float') return null;
  return { kind: 'pinfold/arrival', version: version as number, source, xml, profile, onRefusal, request };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string');
}
