/** What `attach` changed in a VM's configuration, kept in /etc/pve/pinfold/attached/VMID.json until `detach`. */
export interface AttachRecord {
  readonly kind: 'pinfold/attached';
  readonly version: 1;
  readonly vm: string;
  readonly profile: string;
  /** By what the VM is known from one that gets its number later; absent in records of older versions. */
  readonly identity?: Readonly<Record<string, string>>;
  readonly keys: Readonly<Record<string, KeyChange>>;
}

/** A key of the main section; null: not there. */
export interface KeyChange {
  readonly before: string | null;
  readonly after: string | null;
}

/** A change as it is shown. */
export interface ConfigChange extends KeyChange {
  readonly key: string;
}

/** The folder of the records, below the policy's. */
export const ATTACHED = 'attached';
/** The folder of the hook scripts that VMs had before, which Pinfold's calls: a file by VMID with the volume's id. */
export const CHAIN = 'chain';
/** The folder of the marks by which the hook script keeps a strict VM from starting where Pinfold itself is broken. */
export const STRICT = 'strict';

/** The record in a file's text; null when it is none. */
export function parseAttachRecord(text: string | null): AttachRecord | null {
  try {
    const value = JSON.parse(text ?? 'null') as Partial<AttachRecord> | null;
    if (value?.kind !== 'pinfold/attached' || value.version !== 1) return null;
    if (typeof value.vm !== 'string' || typeof value.profile !== 'string' || !isKeys(value.keys)) return null;
    if (!isIdentity(value.identity ?? {})) return null;
    return value as AttachRecord;
  } catch {
    return null;
  }
}

function isIdentity(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every(uuid => typeof uuid === 'string')
  );
}

function isKeys(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(change => isChange(change))
  );
}

function isChange(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { before, after } = value as Partial<KeyChange>;
  return [before, after].every(text => text === null || typeof text === 'string');
}
