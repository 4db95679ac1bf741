/** One guest of the demo, as a VM template would describe it. */
export interface DemoGuest {
  /** OpenNebula's VM id. */
  readonly id: number;
  readonly name: string;
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly iothreads?: number;
  /** The PINFOLD section; null = a VM without policy. */
  readonly policy: Readonly<Record<string, string>> | null;
  /** The wish in plain words, for whoever reads the demo. */
  readonly wish: string;
}

/** The guests that start, in order. */
export const DEMO_GUESTS: readonly DemoGuest[] = [
  {
    id: 11,
    name: 'database',
    vcpus: 6,
    memoryMiB: 4096,
    iothreads: 1,
    wish: '6 own CPUs on whole cores, 2 MiB pages, emulator apart',
    policy: {
      HW_CPU_POLICY: 'dedicated',
      HW_CPU_THREAD_POLICY: 'require',
      HW_MEM_PAGE_SIZE: '2MB',
      HW_EMULATOR_THREADS_POLICY: 'isolate',
    },
  },
  {
    id: 13,
    name: 'cache',
    vcpus: 4,
    memoryMiB: 2048,
    wish: '4 own CPUs, emulator apart: on the same CPU',
    policy: { HW_CPU_POLICY: 'dedicated', HW_EMULATOR_THREADS_POLICY: 'isolate' },
  },
  {
    id: 12,
    name: 'router',
    vcpus: 12,
    memoryMiB: 8192,
    wish: '12 own CPUs over two guest cells, 2 MiB pages in each',
    policy: {
      HW_CPU_POLICY: 'dedicated',
      HW_NUMA_NODES: '2',
      HW_MEM_PAGE_SIZE: '2MB',
      HW_EMULATOR_THREADS_POLICY: 'share',
    },
  },
  {
    id: 14,
    name: 'robot',
    vcpus: 3,
    memoryMiB: 1024,
    wish: 'realtime: 3 whole cores, two vCPUs in SCHED_FIFO',
    policy: {
      HW_CPU_POLICY: 'dedicated',
      HW_CPU_THREAD_POLICY: 'isolate',
      HW_CPU_REALTIME: 'yes',
      HW_CPU_REALTIME_MASK: '^0',
    },
  },
  {
    id: 19,
    name: 'render',
    vcpus: 8,
    memoryMiB: 8192,
    wish: '8 own CPUs, the largest pages that fit',
    policy: { HW_CPU_POLICY: 'dedicated', HW_MEM_PAGE_SIZE: 'large' },
  },
  {
    id: 20,
    name: 'build',
    vcpus: 6,
    memoryMiB: 3072,
    wish: '6 own CPUs under one last-level cache',
    policy: { HW_CPU_POLICY: 'dedicated', PINFOLD_CACHE: 'require' },
  },
  {
    id: 15,
    name: 'web-1',
    vcpus: 4,
    memoryMiB: 2048,
    wish: '4 shared vCPUs that stay within one cell',
    policy: { HW_CPU_POLICY: 'shared', HW_NUMA_NODES: '1' },
  },
  {
    id: 16,
    name: 'web-2',
    vcpus: 4,
    memoryMiB: 2048,
    wish: 'the same again',
    policy: { HW_CPU_POLICY: 'shared', HW_NUMA_NODES: '1' },
  },
  {
    id: 17,
    name: 'old-vm',
    vcpus: 2,
    memoryMiB: 1024,
    wish: 'no policy: passed on byte for byte',
    policy: null,
  },
];

/** The guest that is stopped once all run: its work is done. */
export const STOPPED = 'render';

/** The guest whose place is explained. */
export const EXPLAINED = 'database';

/** Two whose emulator threads go to one CPU. */
export const POOLED = ['database', 'cache'] as const;
/** The guest with vCPUs in SCHED_FIFO, and how many. */
export const REALTIME = { name: 'robot', vcpus: 2 } as const;

/** The guest that does not fit: there are CPUs enough for it, but not on one cell. */
export const TOO_LARGE: DemoGuest = {
  id: 18,
  name: 'analytics',
  vcpus: 12,
  memoryMiB: 8192,
  wish: '12 own CPUs, 8 GiB of 2 MiB pages, one cell',
  policy: { HW_CPU_POLICY: 'dedicated', HW_NUMA_NODES: '1', HW_MEM_PAGE_SIZE: '2MB' },
};

/** The folder of a VM on an OpenNebula host. */
export function guestFolder(guest: DemoGuest): string {
  return `/var/lib/one/datastores/0/${guest.id}`;
}

/** The domain as oned writes it, without any placement. */
export function deploymentXml({ name, vcpus, memoryMiB, iothreads }: DemoGuest): string {
  return [
    "<?xml version='1.0' encoding='UTF-8'?>",
    "<domain type='kvm'>",
    `\t<name>${name}</name>`,
    `\t<vcpu><![CDATA[${vcpus}]]></vcpu>`,
    ...(iothreads === undefined ? [] : [`\t<iothreads>${iothreads}</iothreads>`]),
    '\t<cputune>',
    `\t\t<shares>${vcpus * 1024}</shares>`,
    '\t</cputune>',
    `\t<memory>${memoryMiB * 1024}</memory>`,
    "\t<os>\n\t\t<type arch='x86_64'>hvm</type>\n\t</os>",
    '\t<devices>\n\t\t<emulator><![CDATA[/usr/bin/qemu-system-x86_64]]></emulator>\n\t</devices>',
    '</domain>',
    '',
  ].join('\n');
}

/** The VM as OpenNebula's driver puts it beside the deployment file. */
export function vmXml({ id, name, vcpus, memoryMiB, policy }: DemoGuest): string {
  const section = Object.entries(policy ?? {}).map(([key, value]) => `<${key}><![CDATA[${value}]]></${key}>`);
  return [
    `<VM><ID>${id}</ID><NAME>${name}</NAME>`,
    `<TEMPLATE><VCPU><![CDATA[${vcpus}]]></VCPU><MEMORY><![CDATA[${memoryMiB}]]></MEMORY></TEMPLATE>`,
    `<USER_TEMPLATE>${policy === null ? '' : `<PINFOLD>${section.join('')}</PINFOLD>`}</USER_TEMPLATE></VM>`,
  ].join('');
}
