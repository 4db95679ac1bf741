/**
 * What oned writes for a VM: the libvirt domain (LibVirtDriverKVM.cc), the VM's XML and the message that the driver
 * gets. Only what a guest without disks needs; texts are as OpenNebula's, so that a reader of them is put to the test:
 * tabs, CDATA, a number of vCPUs in CDATA, `<cputune><shares>`, metadata with a foreign namespace.
 */

/** A guest as its VM template describes it. */
export interface GuestTemplate {
  /** OpenNebula's VM id; the domain is called `one-ID`. */
  readonly id: number;
  readonly vcpus: number;
  /** VCPU_MAX: how many there may be with those that are plugged in. */
  readonly maxVcpus?: number;
  readonly memoryMiB: number;
  readonly iothreads?: number;
  /** PCI addresses (`0000:21:00.0`) of devices that the guest gets. */
  readonly hostDevices?: readonly string[];
  /** The operator's section `PINFOLD=[…]`; null or absent = a VM without policy. */
  readonly pinfold?: Readonly<Record<string, string>> | null;
  /** The tenant's section `PINFOLD_WISH=[…]`. */
  readonly wish?: Readonly<Record<string, string>> | null;
}

/** `kvm` where guests run under KVM, else `qemu` (TCG). */
export type DomainType = 'kvm' | 'qemu';

/** Folder of a VM in its system datastore; oned writes the double slash. */
export function vmFolder(id: number): string {
  return `/var/lib/one//datastores/0/${id}`;
}

/** The deployment file: the domain without any placement, as oned generates it for a VM without TOPOLOGY. */
export function deploymentXml(guest: GuestTemplate, type: DomainType): string {
  const iothreads = guest.iothreads === undefined ? [] : [`\t<iothreads>${guest.iothreads}</iothreads>`];
  return [
    "<?xml version='1.0' encoding='UTF-8'?>",
    `<domain type='${type}' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>`,
    `\t<name>one-${guest.id}</name>`,
    `\t<title>guest &amp; number ${guest.id}</title>`,
    guest.maxVcpus === undefined
      ? `\t<vcpu><![CDATA[${guest.vcpus}]]></vcpu>`
      : `\t<vcpu current='${guest.vcpus}'>${guest.maxVcpus}</vcpu>`,
    ...iothreads,
    '\t<cputune>',
    `\t\t<shares>${guest.vcpus * 1024}</shares>`,
    '\t</cputune>',
    `\t<memory>${guest.memoryMiB * 1024}</memory>`,
    '\t<os>',
    "\t\t<type arch='x86_64'>hvm</type>",
    '\t</os>',
    '\t<pm>',
    "\t\t<suspend-to-disk enabled='no'/>",
    "\t\t<suspend-to-mem enabled='no'/>",
    '\t</pm>',
    '\t<devices>',
    '\t\t<emulator><![CDATA[/usr/bin/qemu-system-x86_64]]></emulator>',
    ...(guest.hostDevices ?? []).flatMap(hostDevice),
    '\t</devices>',
    '\t<features>',
    '\t\t<acpi/>',
    '\t</features>',
    '\t<metadata>',
    '\t\t<one:vm xmlns:one="http://opennebula.org/xmlns/libvirt/1.0">',
    `\t\t\t<one:system_datastore><![CDATA[${vmFolder(guest.id)}]]></one:system_datastore>`,
    `\t\t\t<one:name><![CDATA[guest-${guest.id}]]></one:name>`,
    '\t\t\t<one:uname><![CDATA[oneadmin]]></one:uname>',
    '\t\t\t<one:uid>0</one:uid>',
    '\t\t</one:vm>',
    '\t</metadata>',
    '</domain>',
    '',
  ].join('\n');
}

/** As oned writes a PCI device of a VM. */
function hostDevice(address: string): string[] {
  const [domain, bus, slot, fn] = address.split(/[:.]/) as [string, string, string, string];
  return [
    "\t\t<hostdev mode='subsystem' type='pci' managed='yes'>",
    '\t\t\t<source>',
    `\t\t\t\t<address  domain='0x${domain}' bus='0x${bus}' slot='0x${slot}' function='0x${fn}'/>`,
    '\t\t\t</source>',
    '\t\t</hostdev>',
  ];
}

/** The `<VM>` element: TEMPLATE, USER_TEMPLATE (where unknown sections land) and HISTORY_RECORDS. */
export function vmXml(guest: GuestTemplate, host: string): string {
  const section = (name: string, pairs: Readonly<Record<string, string>> | null | undefined) =>
    pairs === null || pairs === undefined
      ? ''
      : `<${name}>${Object.entries(pairs)
          .map(([key, value]) => `<${key}><![CDATA[${value}]]></${key}>`)
          .join('')}</${name}>`;
  return (
    `<VM><ID>${guest.id}</ID><UID>0</UID><GID>0</GID><UNAME>oneadmin</UNAME><NAME>guest-${guest.id}</NAME>` +
    `<STATE>3</STATE><LCM_STATE>2</LCM_STATE><DEPLOY_ID/>` +
    `<TEMPLATE><CPU><![CDATA[${guest.vcpus}]]></CPU><MEMORY><![CDATA[${guest.memoryMiB}]]></MEMORY>` +
    `<OS><ARCH><![CDATA[x86_64]]></ARCH></OS><VCPU><![CDATA[${guest.vcpus}]]></VCPU><VMID><![CDATA[${guest.id}]]></VMID></TEMPLATE>` +
    `<USER_TEMPLATE><DESCRIPTION><![CDATA[integration guest]]></DESCRIPTION><HYPERVISOR><![CDATA[kvm]]></HYPERVISOR>` +
    `${section('PINFOLD', guest.pinfold)}${section('PINFOLD_WISH', guest.wish)}</USER_TEMPLATE>` +
    `<HISTORY_RECORDS><HISTORY><OID>${guest.id}</OID><SEQ>0</SEQ><HOSTNAME>${host}</HOSTNAME><HID>0</HID><CID>0</CID>` +
    `<VM_MAD><![CDATA[kvm]]></VM_MAD><TM_MAD><![CDATA[ssh]]></TM_MAD><DS_ID>0</DS_ID></HISTORY></HISTORY_RECORDS></VM>`
  );
}

/** The `<DATASTORE>` element of the system datastore. */
export function datastoreXml(): string {
  return '<DATASTORE><ID>0</ID><NAME>system</NAME><TM_MAD><![CDATA[ssh]]></TM_MAD><TYPE>1</TYPE></DATASTORE>';
}

/** VMM_DRIVER_ACTION_DATA: what oned sends for every action, and what every script but deploy gets on stdin. */
export function driverMessage(
  guest: GuestTemplate,
  about: {
    readonly host: string;
    readonly deployId: string;
    readonly localFile: string;
    readonly checkpoint: string;
  },
): string {
  return (
    `<VMM_DRIVER_ACTION_DATA><HOST>${about.host}</HOST><DEPLOY_ID>${about.deployId}</DEPLOY_ID>` +
    `<LOCAL_DEPLOYMENT_FILE>${about.localFile}</LOCAL_DEPLOYMENT_FILE>` +
    `<REMOTE_DEPLOYMENT_FILE>${vmFolder(guest.id)}/deployment.0</REMOTE_DEPLOYMENT_FILE>` +
    `<CHECKPOINT_FILE>${about.checkpoint}</CHECKPOINT_FILE><TM_COMMAND/><MIGR_HOST/>` +
    `${vmXml(guest, about.host)}${datastoreXml()}</VMM_DRIVER_ACTION_DATA>`
  );
}
