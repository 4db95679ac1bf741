import type { Placement } from '../domain/decision.ts';

/** A domain laid out as OpenNebula's KVM driver writes it: tabs, CDATA, `<cputune>` before `<memory>`. */
export const OPENNEBULA_DOMAIN = [
  "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>",
  '\t<name>one-42</name>',
  '\t<title>db &amp; cache</title>',
  '\t<uuid>3f8b1c2e-0d4e-4a57-9d6f-2b9a6f0c1d42</uuid>',
  '\t<vcpu><![CDATA[4]]></vcpu>',
  '\t<iothreads>1</iothreads>',
  '\t<cputune>',
  '\t\t<shares>4096</shares>',
  '\t</cputune>',
  '\t<memory>2097152</memory>',
  '\t<os>',
  "\t\t<type arch='x86_64' machine='q35'>hvm</type>",
  '\t</os>',
  "\t<cpu mode='host-passthrough'>",
  "\t\t<feature policy='disable' name='vmx'/>",
  '\t</cpu>',
  '\t<devices>',
  '\t\t<emulator><![CDATA[/usr/bin/qemu-system-x86_64]]></emulator>',
  "\t\t<disk type='file' device='disk'>",
  "\t\t\t<source file='/var/lib/one//datastores/0/42/disk.0'/>",
  "\t\t\t<target dev='vda'/>",
  "\t\t\t<driver name='qemu' type='qcow2' cache='none' iothread='1'/>",
  '\t\t</disk>',
  "\t\t<hostdev mode='subsystem' type='pci' managed='yes'>",
  '\t\t\t<source>',
  "\t\t\t\t<address  domain='0x0000' bus='0x21' slot='0x00' function='0x1'/>",
  '\t\t\t</source>',
  "\t\t\t<address type='pci' domain='0x0000' bus='0x01' slot='0x01' function='0'/>",
  '\t\t</hostdev>',
  '\t</devices>',
  '\t<!-- <cputune><vcpupin vcpu="9" cpuset="9"/></cputune> -->',
  '\t<qemu:commandline>',
  "\t\t<qemu:arg value='-cpu'/>",
  '\t</qemu:commandline>',
  '\t<metadata>',
  '\t\t<one:vm xmlns:one="http://opennebula.org/xmlns/libvirt/1.0">',
  '\t\t\t<one:system_datastore><![CDATA[/var/lib/one//datastores/0/42]]></one:system_datastore>',
  '\t\t\t<one:name><![CDATA[db <cputune> & cache]]></one:name>',
  '\t\t</one:vm>',
  '\t</metadata>',
  '</domain>',
  '',
].join('\n');

/** A domain laid out as `virsh dumpxml` writes it, with pins and large pages on two cells. */
export const DUMPED_DOMAIN = `<domain type='kvm' id='7'>
  <name>wide</name>
  <uuid>5d1f6a30-8a4c-4f0c-8c0e-6f2f5f0a7b11</uuid>
  <memory unit='KiB'>4194304</memory>
  <currentMemory unit='KiB'>4194304</currentMemory>
  <memoryBacking>
    <hugepages>
      <page size='2048' unit='KiB' nodeset='0-1'/>
    </hugepages>
    <source type='memfd'/>
    <access mode='shared'/>
  </memoryBacking>
  <vcpu placement='static' current='4'>4</vcpu>
  <iothreads>2</iothreads>
  <iothreadids>
    <iothread id='5'/>
  </iothreadids>
  <cputune>
    <shares>2048</shares>
    <period>100000</period>
    <quota>-1</quota>
    <vcpupin vcpu='0' cpuset='2'/>
    <vcpupin vcpu='1' cpuset='3'/>
    <vcpupin vcpu='2' cpuset='10-11'/>
    <vcpupin vcpu='3' cpuset='10-11'/>
    <emulatorpin cpuset='0,8'/>
    <iothreadpin iothread='5' cpuset='0'/>
    <vcpusched vcpus='0-1' scheduler='fifo' priority='1'/>
  </cputune>
  <numatune>
    <memory mode='strict' nodeset='0-1'/>
    <memnode cellid='0' mode='strict' nodeset='0'/>
    <memnode cellid='1' mode='strict' nodeset='1'/>
  </numatune>
  <os>
    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
  </os>
  <cpu mode='custom' match='exact' check='full'>
    <model fallback='forbid'>EPYC</model>
    <topology sockets='1' dies='1' cores='2' threads='2'/>
    <feature policy='require' name='x2apic'/>
    <numa>
      <cell id='0' cpus='0-1' memory='2097152' unit='KiB' memAccess='shared'>
        <distances>
          <sibling id='0' value='10'/>
          <sibling id='1' value='21'/>
        </distances>
      </cell>
      <cell id='1' cpus='2-3' memory='2097152' unit='KiB' memAccess='shared' discard='yes'/>
    </numa>
  </cpu>
  <clock offset='utc'/>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <interface type='hostdev' managed='yes'>
      <source>
        <address type='pci' domain='0x0000' bus='0x41' slot='0x10' function='0x3'/>
      </source>
    </interface>
    <hostdev mode='subsystem' type='mdev' managed='no' model='vfio-pci'>
      <source>
        <address uuid='4b20d080-1b54-4048-85b3-a6a62d165c01'/>
      </source>
    </hostdev>
  </devices>
</domain>
`;

/** A placement of four dedicated vCPUs on one host cell, emulator threads apart, memory of 2 GiB. */
export const ONE_CELL_PLACEMENT: Placement = {
  cells: [{ guestCell: 0, hostCell: 1, vcpus: '0-3', memoryMiB: 2048, pageSizeKiB: null }],
  pins: { 0: '8', 1: '24', 2: '9', 3: '25' },
  emulator: { policy: 'isolate', cpus: '10', atStart: '10', share: 1 },
  iothreads: { 1: '10' },
  realtime: null,
  topology: { sockets: 1, cores: 2, threads: 2 },
  memoryMode: 'restrictive',
  nodeset: '1',
  devices: ['0000:21:00.1'],
  cost: { dedicated: 4, shared: 0, emulator: 1, total: 5 },
};

/** The same for a guest of two cells on large pages, whose launch needs a wider set for the emulator. */
export const TWO_CELL_PLACEMENT: Placement = {
  ...ONE_CELL_PLACEMENT,
  cells: [
    { guestCell: 0, hostCell: 2, vcpus: '0-1', memoryMiB: 2048, pageSizeKiB: 1048576 },
    { guestCell: 1, hostCell: 0, vcpus: '2-3', memoryMiB: 2048, pageSizeKiB: 1048576 },
  ],
  pins: { 0: '40', 1: '41', 2: '4', 3: '5' },
  emulator: { policy: 'share', cpus: '0', atStart: '0,40', share: 0 },
  iothreads: { 1: '0', 5: '0' },
  realtime: { vcpus: '2-3', scheduler: 'fifo', priority: 1 },
  topology: { sockets: 2, cores: 2, threads: 1 },
  memoryMode: 'strict',
  nodeset: '0,2',
  devices: [],
};
