import { checkAffinity, checkHookscript, checkMemory, checkNuma, checkTags } from './config-formats.ts';

/** What may be written under one key of a VM's config, and who may write it. */
export interface KeyRule {
  readonly type: 'boolean' | 'integer' | 'number' | 'string';
  readonly minimum?: number;
  readonly maximum?: number;
  readonly longest?: number;
  readonly words?: readonly string[];
  /** What is wrong with a value, in the server's words, or null. */
  readonly format?: (value: string, key: string) => string | null;
  /** Absent: the bare user root@pam alone, no token at all. */
  readonly privilege?: string;
}

const flag = (privilege?: string): KeyRule => ({ type: 'boolean', ...(privilege && { privilege }) });
const text = (privilege?: string): KeyRule => ({ type: 'string', ...(privilege && { privilege }) });
const whole = (minimum: number, privilege: string, maximum?: number): KeyRule => ({
  type: 'integer',
  minimum,
  ...(maximum !== undefined && { maximum }),
  privilege,
});
const word = (words: string, privilege?: string): KeyRule => ({
  type: 'string',
  words: words.split(' '),
  ...(privilege && { privilege }),
});

const CPU = 'VM.Config.CPU';
const MEMORY = 'VM.Config.Memory';
const HARDWARE = 'VM.Config.HWType';
const OPTIONS = 'VM.Config.Options';
const DISK = 'VM.Config.Disk';
const NETWORK = 'VM.Config.Network';

/**
 * The keys of a VM's config (types and limits: the API's own description of `PUT /nodes/{node}/qemu/{vmid}/config`; who
 * may write them: `check_vm_modify_config_perm`, PVE/API2/Qemu.pm:789-862). What no list there names falls to root alone:
 * so do affinity, hookscript, args, hugepages and keephugepages, as seen with a token of root@pam with all privileges.
 */
const RULES: Readonly<Record<string, KeyRule>> = {
  acpi: flag(HARDWARE),
  affinity: { type: 'string', format: checkAffinity },
  agent: text(OPTIONS),
  'allow-ksm': flag(),
  'amd-sev': text(),
  arch: word('x86_64 aarch64'),
  args: text(),
  audio0: text(HARDWARE),
  autostart: flag(OPTIONS),
  balloon: whole(0, MEMORY),
  bios: word('seabios ovmf', OPTIONS),
  boot: text(DISK),
  bootdisk: text(DISK),
  cdrom: text(DISK),
  cicustom: text(NETWORK),
  cipassword: text(NETWORK),
  citype: word('configdrive2 nocloud opennebula', NETWORK),
  ciupgrade: flag(NETWORK),
  ciuser: text(NETWORK),
  cores: whole(1, CPU),
  cpu: text(CPU),
  cpulimit: { type: 'number', minimum: 0, maximum: 128, privilege: CPU },
  cpuunits: whole(1, CPU, 262144),
  description: { type: 'string', longest: 8192, privilege: OPTIONS },
  efidisk0: text(DISK),
  freeze: flag('VM.PowerMgmt'),
  hookscript: { type: 'string', format: checkHookscript },
  hotplug: text(HARDWARE),
  hugepages: word('any 2 1024'),
  'intel-tdx': text(),
  ivshmem: text(),
  keephugepages: flag(),
  keyboard: word(
    'de de-ch da en-gb en-us es fi fr fr-be fr-ca fr-ch hu is it ja lt mk nl no pl pt pt-br sv sl tr',
    OPTIONS,
  ),
  kvm: flag(HARDWARE),
  localtime: flag(OPTIONS),
  lock: word('backup clone create migrate rollback snapshot snapshot-delete suspending suspended'),
  machine: text(HARDWARE),
  memory: { type: 'string', format: checkMemory, privilege: MEMORY },
  meta: text(),
  migrate_downtime: { type: 'number', minimum: 0, privilege: OPTIONS },
  migrate_speed: whole(0, OPTIONS),
  name: text(OPTIONS),
  nameserver: text(NETWORK),
  numa: flag(CPU),
  onboot: flag(OPTIONS),
  ostype: word('other wxp w2k w2k3 w2k8 wvista win7 win8 win10 win11 l24 l26 solaris', OPTIONS),
  protection: flag(OPTIONS),
  reboot: flag(OPTIONS),
  rng0: text(),
  scsihw: word('lsi lsi53c810 virtio-scsi-pci virtio-scsi-single megasas pvscsi', HARDWARE),
  searchdomain: text(NETWORK),
  shares: whole(0, MEMORY, 50000),
  smbios1: { type: 'string', longest: 512, privilege: HARDWARE },
  smp: whole(1, CPU),
  sockets: whole(1, CPU),
  spice_enhancements: text(),
  sshkeys: text(NETWORK),
  startdate: text(OPTIONS),
  startup: text(OPTIONS),
  tablet: flag(HARDWARE),
  tags: { type: 'string', format: checkTags, privilege: OPTIONS },
  tdf: flag(OPTIONS),
  template: flag(OPTIONS),
  tpmstate0: text(DISK),
  vcpus: whole(1, CPU),
  vga: text(HARDWARE),
  vmgenid: text(HARDWARE),
  vmstatestorage: text(DISK),
  watchdog: text(HARDWARE),
};

/** Keys with a number behind them, and the highest number. */
const NUMBERED: Readonly<Record<string, readonly [most: number, rule: KeyRule]>> = {
  hostpci: [15, text()],
  ide: [3, text(DISK)],
  ipconfig: [31, text(NETWORK)],
  net: [31, text(NETWORK)],
  numa: [7, { type: 'string', format: checkNuma, privilege: CPU }],
  parallel: [2, text()],
  sata: [5, text(DISK)],
  scsi: [30, text(DISK)],
  serial: [3, text()],
  unused: [255, text(DISK)],
  usb: [13, text()],
  virtio: [15, text(DISK)],
  virtiofs: [9, text()],
};

/** The rule of a key; undefined when the config knows no such key. */
export function ruleOf(key: string): KeyRule | undefined {
  if (Object.hasOwn(RULES, key)) return RULES[key];
  const [, stem, number] = /^([a-z]+)(\d{1,3})$/.exec(key) ?? [];
  if (stem === undefined || !Object.hasOwn(NUMBERED, stem)) return undefined;
  const [most, rule] = NUMBERED[stem]!;
  return Number(number) <= most ? rule : undefined;
}

export function isConfigKey(key: string): boolean {
  return ruleOf(key) !== undefined;
}

/** Plain keys and stems of numbered ones with their highest number, for whoever compares them with the API's own list. */
export const ALL_KEYS = { plain: RULES, numbered: NUMBERED };
