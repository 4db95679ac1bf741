import { CpuSet } from '../../domain/cpu-set.ts';
import { CGROUPS, writeGroup } from './cgroups.ts';
import { groupOf } from './create-domain.ts';
import { cpusOf } from './domain-facts.ts';
import { findDomain, type LiveDomain, saveDomain } from './domain-store.ts';
import { onlineCpus, presentCpuCount } from './hardware.ts';
import { KernelError } from './kernel-error.ts';
import { cpusOfTask, setAffinity, threadsOf } from './processes.ts';
import type { TreeFiles } from './tree-files.ts';
import { VirshError } from './virsh-error.ts';
import { wordOf, type VirshCall } from './virsh-words.ts';
import { withChild, withElementAt } from './xml-elements.ts';

/** A pin of one group of threads: its cgroup, its tasks, and the element that says so in the domain's XML. */
interface LivePin {
  readonly domain: LiveDomain;
  /** Last part of the cgroup's path. */
  readonly leaf: string;
  readonly tids: readonly number[];
  readonly element: string;
  /** What tells this element from its like: the vCPU or iothread. */
  readonly key: Readonly<Record<string, string>>;
}

/** `vcpupin DOMAIN [VCPU [CPULIST]]`: shows or changes where vCPUs run. */
export function pinVcpu(files: TreeFiles, call: VirshCall): string {
  const domain = findDomain(files, wordOf(call, 0, 'domain'));
  const vcpu = call.options.get('vcpu') ?? call.words[1];
  const list = call.options.get('cpulist') ?? call.words[2];
  if (list === undefined)
    return table(files, { domain, head: ' VCPU   CPU Affinity', tids: domain.vcpuTids });
  const tid = domain.vcpuTids.get(Number(vcpu));
  if (tid === undefined)
    throw new VirshError(
      `invalid argument: vcpu ${vcpu ?? ''} is out of range of live cpu count ${domain.vcpuTids.size}`,
    );
  applyPin(
    files,
    { domain, leaf: `vcpu${Number(vcpu)}`, tids: [tid], element: 'vcpupin', key: { vcpu: vcpu! } },
    list,
  );
  return '\n';
}

/** `emulatorpin DOMAIN [CPULIST]`: shows or changes where all threads run that are no vCPU and no iothread. */
export function pinEmulator(files: TreeFiles, call: VirshCall): string {
  const domain = findDomain(files, wordOf(call, 0, 'domain'));
  const list = call.options.get('cpulist') ?? call.words[1];
  if (list === undefined) {
    const cpus = cpusOfTask(files, domain.pid, domain.pid);
    return ` emulator: CPU Affinity\n----------------------------------\n        *: ${cpus}\n\n`;
  }
  const named = new Set([...domain.vcpuTids.values(), ...domain.iothreadTids.values()]);
  const tids = threadsOf(files, domain.pid).filter(tid => !named.has(tid));
  applyPin(files, { domain, leaf: 'emulator', tids, element: 'emulatorpin', key: {} }, list);
  return '\n';
}

/** `iothreadpin DOMAIN IOTHREAD CPULIST`. */
export function pinIothread(files: TreeFiles, call: VirshCall): string {
  const domain = findDomain(files, wordOf(call, 0, 'domain'));
  const iothread = wordOf(call, 1, 'iothread');
  const tid = domain.iothreadTids.get(Number(iothread));
  if (tid === undefined) throw new VirshError(`invalid argument: iothread ${iothread} not found`);
  const pin = { domain, leaf: `iothread${iothread}`, tids: [tid], element: 'iothreadpin', key: { iothread } };
  applyPin(files, pin, wordOf(call, 2, 'cpulist'));
  return '\n';
}

/**
 * 1. Refuse a CPU that libvirt does not count. Recorded, the check is virsh's own: `CPU 7 in cpulist '7' exceed
 *    the maxcpu 2`.
 * 2. Write the cgroup, then the affinity of each thread; CPUs that are all switched off fail there.
 * 3. Remember it in the live XML.
 */
function applyPin(files: TreeFiles, pin: LivePin, list: string): void {
  const { domain } = pin;
  const cpus = list === 'r' ? onlineCpus(files) : cpusOf(list);
  const maxCpu = presentCpuCount(files);
  if (cpus.highest >= maxCpu)
    throw new VirshError(`CPU ${firstFrom(cpus, maxCpu)} in cpulist '${list}' exceed the maxcpu ${maxCpu}`);
  if (!cpus.intersects(onlineCpus(files)))
    throw new VirshError(`cannot set CPU affinity on process ${pin.tids[0]!}: Invalid argument`);
  const group = groupOf(domain, pin.leaf);
  writeGroup(files, { group, cpus, cells: null, threads: pin.tids });
  try {
    for (const tid of pin.tids) setAffinity(files, { pid: domain.pid, tid }, cpus);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    throw new VirshError(`Unable to write to '${CGROUPS}${group}/cpuset.cpus': ${error.message}`);
  }
  const isOld = (child: { name: string; attributes: Readonly<Record<string, string>> }) =>
    child.name === pin.element &&
    Object.entries(pin.key).every(([name, value]) => child.attributes[name] === value);
  const element = {
    name: pin.element,
    attributes: { ...pin.key, cpuset: cpus.toString() },
    children: [],
  };
  const xml = withElementAt(domain.xml, ['cputune'], tune =>
    withChild(tune, isOld, list === 'r' ? null : element),
  );
  saveDomain(files, { ...domain, xml });
}

function firstFrom(cpus: CpuSet, first: number): number {
  return cpus.minus(CpuSet.range(0, first - 1)).first ?? first;
}

function table(
  files: TreeFiles,
  { domain, head, tids }: { domain: LiveDomain; head: string; tids: ReadonlyMap<number, number> },
): string {
  const rows = [...tids].map(([id, tid]) => ` ${`${id}`.padEnd(6)} ${cpusOfTask(files, domain.pid, tid)}\n`);
  return `${head}\n----------------------\n${rows.join('')}\n`;
}
