/**
 * The keys of a VM's configuration and the type that the parser checks (qemu-server 9.2.6, `confdesc`). A key that is
 * not here is skipped with a warning when it is read, and gone after the next write.
 */
export type KeyType = 'boolean' | 'integer' | 'number' | 'string';

const BOOLEANS =
  'acpi allow-ksm autostart ciupgrade freeze keephugepages kvm localtime numa onboot protection reboot tablet tdf template';
const INTEGERS = 'balloon cores cpuunits migrate_speed shares smp snaptime sockets vcpus';
const NUMBERS = 'cpulimit migrate_downtime';
const STRINGS =
  'affinity agent amd-sev arch args audio0 bios boot bootdisk cdrom cicustom cipassword citype ciuser cpu efidisk0 hookscript hotplug hugepages intel-tdx ivshmem keyboard lock machine memory meta name nameserver ostype parent pinning rng0 running-nets-host-mtu runningcpu runningmachine scsihw searchdomain smbios1 spice_enhancements sshkeys startdate startup tags tpmstate0 vga vmgenid vmstate vmstatestorage watchdog';

/** Keys with a number behind them, and the highest number. */
const NUMBERED: Readonly<Record<string, number>> = {
  hostpci: 15,
  ide: 3,
  ipconfig: 31,
  net: 31,
  numa: 7,
  parallel: 2,
  sata: 5,
  scsi: 30,
  serial: 3,
  unused: 255,
  usb: 13,
  virtio: 15,
  virtiofs: 9,
};

const TYPES: ReadonlyMap<string, KeyType> = new Map([
  ...typed(BOOLEANS, 'boolean'),
  ...typed(INTEGERS, 'integer'),
  ...typed(NUMBERS, 'number'),
  ...typed(STRINGS, 'string'),
]);

function typed(names: string, type: KeyType): readonly (readonly [string, KeyType])[] {
  return names.split(' ').map(name => [name, type] as const);
}

/**
 * The type of a key; null when Proxmox VE does not know the key. `pinning` is known ahead of its release (the RFC on
 * pve-devel of 2026-02-17): where the node's qemu-server has it, it is the user's own placement.
 */
export function keyType(key: string): KeyType | null {
  const type = TYPES.get(key);
  if (type !== undefined) return type;
  const digits = key.length - (/\d+$/.exec(key)?.[0].length ?? 0);
  const highest = Object.hasOwn(NUMBERED, key.slice(0, digits)) ? NUMBERED[key.slice(0, digits)]! : -1;
  const number = key.slice(digits);
  return number !== '' && String(Number(number)) === number && Number(number) <= highest ? 'string' : null;
}

/** All keys without a number, for suggestions. */
export const PLAIN_KEYS: readonly string[] = [...TYPES.keys()];
