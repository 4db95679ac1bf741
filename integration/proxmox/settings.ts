/**
 * The keys of a VM's config that qemu-server 9.2 knows (the properties of its `update_vm` API call); a key that is
 * not among them is warned about when a config is read and is gone at the next write.
 */
const PLAIN =
  'acpi affinity agent allow-ksm amd-sev arch args audio autostart balloon bios boot bootdisk cdrom cicustom cipassword citype ciupgrade ciuser cores cpu cpulimit cpuunits description digest freeze hookscript hotplug hugepages intel-tdx ivshmem keephugepages keyboard kvm localtime lock machine memory meta migrate_downtime migrate_speed name nameserver numa onboot ostype parent protection reboot rng runningcpu runningmachine runningnets-host-mtu scsihw searchdomain shares smbios1 smp snaptime sockets spice_enhancements sshkeys startdate startup tablet tags tdf template tpmstate vcpus vga vmgenid vmstate vmstatestorage watchdog'.split(
    ' ',
  );
const NUMBERED =
  'efidisk hostpci ide ipconfig net numa parallel sata scsi serial tpmstate unused usb virtio virtiofs'.split(
    ' ',
  );

/** Settings that a running VM takes at once; all others wait in [PENDING] for its next start (`$fast_plug_option`). */
const FAST = new Set(
  'description hookscript lock migrate_downtime migrate_speed name onboot protection shares startup tags vmstatestorage'.split(
    ' ',
  ),
);

/** Whether qemu-server knows a key. */
export function isKnownSetting(key: string): boolean {
  if (PLAIN.includes(key)) return true;
  const stem = /^([a-z]+)\d+$/.exec(key)?.[1];
  return stem !== undefined && NUMBERED.includes(stem);
}

/** Whether a running VM takes this setting without a restart. */
export function isFastSetting(key: string): boolean {
  return FAST.has(key);
}
