import fc from 'fast-check';

/**
 * Configurations of VMs as Proxmox VE writes them: keys, values, sections and encoded notes as they stand on real nodes of
 * versions 7 to 9, names and addresses made up.
 */

type Keys = Readonly<Record<string, string>>;

const LINUX: Keys = {
  agent: '1',
  boot: 'order=scsi0;ide2;net0',
  cores: '4',
  cpu: 'x86-64-v2-AES',
  ide2: 'local:iso/debian-13.1.0-amd64-netinst.iso,media=cdrom,size=754M',
  memory: '8192',
  meta: 'creation-qemu=10.0.2,ctime=1754990001',
  name: 'web-1',
  net0: 'virtio=BC:24:11:0A:1B:2C,bridge=vmbr0,firewall=1',
  numa: '0',
  ostype: 'l26',
  scsi0: 'local-lvm:vm-100-disk-0,discard=on,iothread=1,size=32G,ssd=1',
  scsihw: 'virtio-scsi-single',
  smbios1: 'uuid=0b2d3a6e-0a6e-4e0a-9a62-2c5cf4c0a001',
  sockets: '1',
  vmgenid: '6c2c3b1e-5a1f-4bb6-8d43-6b61a8f0a002',
};

const WINDOWS: Keys = {
  agent: '1',
  bios: 'ovmf',
  boot: 'order=sata0;ide0;ide2',
  cores: '8',
  cpu: 'host',
  efidisk0: 'ceph:vm-201-disk-0,efitype=4m,pre-enrolled-keys=1,size=528K',
  hostpci0: '0000:01:00,pcie=1,x-vga=1',
  ide0: 'local:iso/virtio-win-0.1.266.iso,media=cdrom,size=707456K',
  machine: 'pc-q35-9.2+pve1',
  memory: '32768',
  meta: 'creation-qemu=9.2.0,ctime=1739000000',
  name: 'win11-cad',
  net0: 'e1000=BC:24:11:44:55:66,bridge=vmbr1,tag=30',
  numa: '1',
  ostype: 'win11',
  sata0: 'ceph:vm-201-disk-1,cache=writeback,discard=on,size=256G',
  smbios1: 'uuid=7d5e2f0c-1111-4c4f-9f3e-aaaaaaaaaaaa,base64=1,manufacturer=UHJveG1veA==',
  sockets: '2',
  tpmstate0: 'ceph:vm-201-disk-2,size=4M,version=v2.0',
  vga: 'virtio,memory=64',
};

const CLOUD: Keys = {
  boot: 'c',
  bootdisk: 'scsi0',
  cicustom: 'user=local:snippets/user-data.yml',
  ciuser: 'debian',
  cipassword: '$5$salt$hash./0',
  cores: '2',
  ide2: 'local-lvm:vm-300-cloudinit,media=cdrom',
  ipconfig0: 'ip=10.0.0.30/24,gw=10.0.0.1',
  ipconfig1: 'ip6=dhcp',
  memory: '2048',
  name: 'cloud.example.org',
  nameserver: '10.0.0.53',
  net0: 'virtio=BC:24:11:30:00:01,bridge=vmbr0',
  scsi0: 'local-lvm:vm-300-disk-0,size=10G',
  searchdomain: 'example.org',
  serial0: 'socket',
  sshkeys: 'ssh-ed25519%20AAAAC3NzaC1lZDI1NTE5%20admin%40example.org%0A',
  vga: 'serial0',
};

const PLACED: Keys = {
  cores: '8',
  hookscript: 'local:snippets/pinfold',
  hotplug: 'disk,network,usb,cpu',
  hugepages: '1024',
  keephugepages: '1',
  memory: '32768',
  name: 'db-1',
  numa: '1',
  numa0: 'cpus=0-7,hostnodes=0,memory=16384,policy=bind',
  numa1: 'cpus=8-15,hostnodes=1,memory=16384,policy=bind',
  onboot: '1',
  scsi0: 'zfs:vm-400-disk-0,iothread=1,size=500G',
  scsi1: 'zfs:vm-400-disk-1,iothread=1,size=2T',
  scsihw: 'virtio-scsi-single',
  sockets: '2',
  startup: 'order=1,up=30,down=120',
  tags: 'db;pin-database;prod',
  vcpus: '12',
};

function section(keys: Keys): string {
  return Object.keys(keys)
    .sort()
    .map(key => `${key}: ${keys[key]!}\n`)
    .join('');
}

const changed = (keys: Keys, changes: Keys) => section({ ...keys, ...changes });
const SNAPSHOT: Keys = {
  parent: 'before-upgrade',
  runningcpu: 'kvm64,enforce,+kvm_pv_eoi',
  runningmachine: 'pc-i440fx-9.2+pve1',
  snaptime: '1760000000',
  vmstate: 'local-lvm:vm-100-state-now',
};

/** By what is special in them; each is as Proxmox VE writes it. */
export const PVE_CONFIGS: Readonly<Record<string, string>> = {
  'an empty one': '',
  'one key': 'memory: 512\n',
  'a Linux server': section(LINUX),
  'a Windows workstation': section(WINDOWS),
  'a cloud-init VM': section(CLOUD),
  'a placed database': section(PLACED),
  'notes of one line': `#first line%3A 50%25 of 2\n${section(LINUX)}`,
  'notes with umlauts': `#Gr%C3%BC%C3%9Fe aus K%C3%B6ln %E2%82%AC\n${section(LINUX)}`,
  'notes with an empty line': `#one\n#\n#three\n${section(LINUX)}`,
  'notes with a pinfold block': `### Database\n#\n#\`\`\`pinfold\n#hw_numa_nodes%3A 2\n#\`\`\`\n${section(PLACED)}`,
  'notes with HTML': `#<div align='center'><a href='https%3A//example.org' target='_blank'>x</a></div>\n${section(LINUX)}`,
  'notes that look like a section': `#[PENDING]\n#memory%3A 1\n${section(LINUX)}`,
  'notes alone': '#nothing else\n',
  'a boot key of one blank': changed(LINUX, { boot: ' ' }),
  'pending values': `${section(LINUX)}\n[PENDING]\ncores: 8\nmemory: 16384\n`,
  'pending deletions': `${changed(LINUX, { affinity: '0-3,8' })}\n[PENDING]\ndelete: affinity,!hookscript\n`,
  'pending notes': `#old\n${section(LINUX)}\n[PENDING]\n#new\n`,
  'pending removal of the notes': `#old\n${section(LINUX)}\n[PENDING]\n#\n`,
  'a cloud-init section': `${section(CLOUD)}\n[special:cloudinit]\nciuser: debian\nipconfig0: ip=dhcp\nname: cloud\n`,
  'a fleecing section': `${section(LINUX)}\n[special:fleecing]\nunused0: local-lvm:vm-100-fleece-0\n`,
  'pending, cloud-init and snapshots': `${section(CLOUD)}\n[PENDING]\nmemory: 4096\n\n[special:cloudinit]\nciuser: x\n\n[fresh]\n${changed(CLOUD, { snaptime: '1' })}`,
  'one snapshot': `${changed(LINUX, { parent: 'before-upgrade' })}\n[before-upgrade]\n${changed(LINUX, { snaptime: '1759000000' })}`,
  'a chain of snapshots': `${changed(LINUX, { parent: 'now' })}\n[before-upgrade]\n#taken by hand\n${section(LINUX)}\n[now]\n${changed(LINUX, SNAPSHOT)}`,
  'snapshots with other placements': `${section(PLACED)}\n[a1]\n${changed(PLACED, { affinity: '0-7', tags: 'pin-latency' })}\n[z_9-x]\n${changed(PLACED, { numa0: 'cpus=0-15,memory=32768' })}`,
  'a snapshot under way': `${changed(LINUX, { lock: 'snapshot' })}\n[new]\n${changed(LINUX, { snapstate: 'prepare', snaptime: '1761000000' })}`,
  'a template': changed(CLOUD, { template: '1' }),
  'a VM in backup': changed(LINUX, { lock: 'backup' }),
  'a VM in hibernation': changed(LINUX, {
    lock: 'suspended',
    vmstate: 'local-lvm:vm-100-state-suspend-2025-09-01',
  }),
  'arguments of root': changed(LINUX, {
    args: '-cpu host,+kvm_pv_unhalt -device vfio-pci,host=05:00.0 -readconfig "/etc/x y"',
  }),
  'an affinity of its own': changed(LINUX, { affinity: '0,4-7,32-35' }),
  'every numbered device': changed(LINUX, {
    hostpci15: 'mapping=gpu,mdev=nvidia-63',
    net31: 'virtio=BC:24:11:00:00:31,bridge=vmbr0,link_down=1,queues=8',
    parallel0: '/dev/parport0',
    sata5: 'none,media=cdrom',
    scsi30: '/dev/disk/by-id/ata-X,size=1T',
    serial3: '/dev/ttyS0',
    unused17: 'local-lvm:vm-100-disk-9',
    usb4: 'host=1234:abcd,usb3=1',
    virtio15: 'nfs:100/vm-100-disk-7.qcow2,format=qcow2,iothread=1,size=8G',
    virtiofs0: 'share,cache=always',
  }),
  'eight guest cells': changed(PLACED, {
    ...Object.fromEntries(
      Array.from({ length: 8 }, (_, cell) => [
        `numa${cell}`,
        `cpus=${cell * 2}-${cell * 2 + 1},hostnodes=${cell},memory=4096,policy=bind`,
      ]),
    ),
    tags: 'a;b',
  }),
  'confidential computing': changed(WINDOWS, { 'amd-sev': 'snp,kernel-hashes=1', 'allow-ksm': '0' }),
  'limits and ballooning': changed(LINUX, {
    balloon: '2048',
    cpulimit: '2.5',
    cpuunits: '200',
    shares: '1500',
    migrate_downtime: '0.5',
  }),
  'audio, watchdog and random numbers': changed(LINUX, {
    audio0: 'device=ich9-intel-hda,driver=spice',
    rng0: 'source=/dev/urandom',
    watchdog: 'model=i6300esb,action=reset',
    spice_enhancements: 'foldersharing=1',
  }),
};

/** What people's editors and old versions left behind: Proxmox VE reads them, and would write them otherwise. */
export const HANDMADE_CONFIGS: Readonly<Record<string, string>> = {
  'notes between the keys': 'cores: 4\n# a note here%21\nmemory: 2048\n#and there\n',
  'carriage returns': section(LINUX).replaceAll('\n', '\r\n'),
  'carriage returns and sections':
    `${section(PLACED)}\n[PENDING]\nmemory: 1\n\n[s1]\n${section(LINUX)}`.replaceAll('\n', '\r\n'),
  'no line feed at the end': section(LINUX).slice(0, -1),
  'keys out of order, blanks and empty lines':
    '\n\nsockets:   2  \n\ncores:1\nmemory:\t4096\n \nname: x\n\n\n',
  'unknown keys and sections': 'x-placement: 1\ncores: 2\n[special:placement]\na: b\n[s1]\nmemory: 512\n',
  'a key twice': 'cores: 2\nmemory: 64\ncores: 4\n',
  'lines that are none': 'cores 2\n: 3\n[half\nmemory: 64\n]\n',
  'pending in small letters': 'cores: 2\n[pending]\ncores: 4\n',
  'notes as a key': 'description: one%0Atwo\ncores: 2\n',
  'old keys': 'smp: 2\ncdrom: none\nmemory: current=1024\n',
};

/** All of them. */
export const ALL_CONFIGS: Readonly<Record<string, string>> = { ...PVE_CONFIGS, ...HANDMADE_CONFIGS };

/** Configurations put together of parts of those: main sections, notes, pending changes, snapshots, line ends. */
export const anyConfig: fc.Arbitrary<string> = fc
  .record({
    notes: fc.array(fc.constantFrom('#', '#a%3A b', '#%C3%9F', '#```pinfold', '#```'), { maxLength: 4 }),
    keys: fc.shuffledSubarray(Object.entries({ ...LINUX, ...WINDOWS, ...CLOUD, ...PLACED })),
    strays: fc.array(fc.constantFrom('', ' ', '# late', 'x-y: 1', 'nonsense', 'cores: many'), {
      maxLength: 3,
    }),
    sections: fc.shuffledSubarray([
      '[PENDING]\ncores: 3\n',
      '[special:cloudinit]\nname: a\n',
      '[s1]\n#x\ntags: pin-old\n',
      '[special:odd]\nnuma0: q\n',
    ]),
    feed: fc.constantFrom('\n', '\r\n'),
    ends: fc.boolean(),
  })
  .map(({ notes, keys, strays, sections, feed, ends }) => {
    const lines = [...notes, ...keys.map(([key, value]) => `${key}: ${value}`), ...strays];
    const text = [lines.map(line => `${line}\n`).join(''), ...sections].join('\n').replaceAll('\n', feed);
    return ends || !text.endsWith(feed) ? text : text.slice(0, -feed.length);
  });
