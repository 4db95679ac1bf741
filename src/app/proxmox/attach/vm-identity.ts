import { parseVmConfig } from '../../../formats/proxmox/parse-vm-config.ts';
import type { AttachRecord } from './attach-record.ts';

/** By key of the configuration the UUID in it; empty for a VM that has none. */
export type VmIdentity = Readonly<Record<string, string>>;

/** A new VM and a clone get both anew; a rollback keeps the first, a changed SMBIOS the second (qemu-server, API2/Qemu.pm). */
const KEYS = ['smbios1', 'vmgenid'];
const UUID = /(?:^|[,=])([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})(?:,|$)/i;

/** By what a VM is known from another one that has its number later. */
export function vmIdentity(configText: string): VmIdentity {
  const { values } = parseVmConfig(configText).main;
  return Object.fromEntries(
    KEYS.flatMap(key => {
      const uuid = UUID.exec(values.get(key) ?? '')?.[1];
      return uuid === undefined ? [] : [[key, uuid.toLowerCase()] as const];
    }),
  );
}

/**
 * Whether a record is of an earlier VM of the same number, which was destroyed: of what both are known by nothing is the
 * same. Its values must not get into the configuration of another VM.
 */
export function isOfAnotherVm({ identity = {} }: AttachRecord, configText: string): boolean {
  const now = vmIdentity(configText);
  const both = KEYS.filter(key => key in identity && key in now);
  return both.length > 0 && both.every(key => identity[key] !== now[key]);
}
