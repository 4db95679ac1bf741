import { AppError, EXIT } from '../domain/app-error.ts';

/** Throws an AppError of exit code 2 for a text that is no number of a VM of Proxmox VE (100 to 999999999, pve-vmid). */
export function checkVmid(vm: string): void {
  if (/^[1-9]\d{2,8}$/.test(vm)) return;
  throw new AppError(
    'vmid-invalid',
    EXIT.usage,
    `${JSON.stringify(vm.slice(0, 60))} is no VM of Proxmox VE: its number is from 100 to 999999999.`,
  );
}
