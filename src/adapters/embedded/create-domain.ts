import { newUuid } from './new-uuid.ts';
import { uptime } from 'node:os';

import type { CpuSet } from '../../domain/cpu-set.ts';
import { CGROUPS, checkCpuNumbers, effectiveCpus, writeGroup } from './cgroups.ts';
import { type DomainFacts, readDomainFacts } from './domain-facts.ts';
import { liveDomains, saveDomain, type LiveDomain } from './domain-store.ts';
import { allowedCells, checkCells, type MemoryBackend, numaMapsOf, takeMemory } from './guest-memory.ts';
import { onlineCpus } from './hardware.ts';
import { KernelError } from './kernel-error.ts';
import { movePages } from './page-pools.ts';
import { addProcess, type NewThread, takeTaskNumbers } from './processes.ts';
import { qemuArgv } from './qemu-argv.ts';
import type { TreeFiles } from './tree-files.ts';
import { VirshError } from './virsh-error.ts';
import { withChild, type XmlElement } from './xml-elements.ts';

/** QEMU threads besides vCPUs and iothreads, as seen on QEMU 7.2 under libvirt; the first is the main one. */
const EMULATOR_THREADS = ['qemu-system-x86', 'call_rcu', 'IO mon_iothread', 'vnc_worker'] as const;
/** The kernel counts start times in hundredths of a second (USER_HZ) since boot. */
const TICKS_PER_SECOND = 100;

/** A thread with the cgroup that libvirt makes for it; `pin` null = none in the text. */
interface PlannedThread {
  readonly name: string;
  readonly group: string;
  readonly pin: CpuSet | null;
  readonly vcpu?: number;
  readonly iothread?: number;
}

/** All that {@link launch} needs. */
interface Launch {
  readonly facts: DomainFacts;
  readonly backends: readonly MemoryBackend[];
  readonly planned: readonly PlannedThread[];
  readonly threads: readonly NewThread[];
  readonly uuid: string;
}

/**
 * Starts a domain from its XML text, under the tree's lock, as libvirt 9.0 with QEMU 7.2 was seen to:
 * 1. Refuse what cannot be: a running namesake, cells that are not there.
 * 2. Put QEMU into the emulator's cpuset; all its threads are born with that mask.
 * 3. Take the memory, which can end QEMU.
 * 4. Move vCPUs and iothreads into cpusets of their own: their pin, else `<vcpu cpuset>`, else all CPUs.
 * Nothing is left in the tree when it fails.
 */
export function createDomain(files: TreeFiles, text: string): LiveDomain {
  const facts = readDomainFacts(text);
  const running = liveDomains(files);
  checkName(facts, running);
  checkCells(files, facts);
  const id = Math.max(0, ...running.map(domain => domain.id)) + 1;
  const planned = planThreads(facts, scopeOf(id, facts.name));
  const backends = takeMemory(files, facts, cpusetOf(files, planned[0]!));
  const cpus = planned.map(thread => cpusetOf(files, thread));
  const tids = takeTaskNumbers(files, planned.length);
  const threads = planned.map((thread, index): NewThread => {
    const realtime = facts.realtime.get(thread.vcpu ?? -1) ?? null;
    return { tid: tids[index]!, name: thread.name, group: thread.group, cpus: cpus[index]!, realtime };
  });
  const uuid = facts.uuid === '' ? newUuid() : facts.uuid;
  launch(files, { facts, backends, planned, threads, uuid });
  const numbered = (key: 'vcpu' | 'iothread') =>
    new Map(planned.flatMap((thread, at) => (thread[key] === undefined ? [] : [[thread[key], tids[at]!]])));
  const domain = {
    id,
    pid: tids[0]!,
    name: facts.name,
    uuid,
    vcpuTids: numbered('vcpu'),
    iothreadTids: numbered('iothread'),
    xml: liveXml(facts.xml, id, uuid),
  };
  saveDomain(files, domain);
  return domain;
}

/** The cgroup of some of a domain's threads: `emulator`, `vcpu0`, `iothread1`. */
export function groupOf(domain: LiveDomain, leaf: string): string {
  return `${scopeOf(domain.id, domain.name)}/libvirt/${leaf}`;
}

/** The scope that systemd-machined makes for a domain, as a cgroup. */
export function scopeOf(id: number, name: string): string {
  return `/machine.slice/machine-qemu\\x2d${id}\\x2d${escaped(name)}.scope`;
}

/** Makes cgroups and process appear and takes the pages: from here on nothing fails. */
function launch(files: TreeFiles, qemu: Launch): void {
  const { facts, backends, planned, threads } = qemu;
  const cells = allowedCells(files, facts.numatune);
  for (const group of new Set(planned.map(thread => thread.group))) {
    const pin = planned.find(thread => thread.group === group)!.pin;
    const tids = threads.filter(thread => thread.group === group).map(({ tid }) => tid);
    writeGroup(files, { group, cpus: pin, cells, threads: tids });
  }
  movePages(
    files,
    backends.flatMap(backend => backend.uses),
    1,
  );
  addProcess(files, {
    argv: qemuArgv(facts, backends, qemu.uuid),
    startTicks: Math.floor(uptime() * TICKS_PER_SECOND),
    threads,
    cells,
    numaMaps: numaMapsOf(backends),
  });
}

function checkName(facts: DomainFacts, running: readonly LiveDomain[]): void {
  if (!/^[^/\n]+$/.test(facts.name))
    throw new VirshError(`XML error: name '${facts.name}' is no domain name`);
  const twin = running.find(({ name, uuid }) => name === facts.name || uuid === facts.uuid);
  if (twin === undefined) return;
  if (twin.name === facts.name && facts.uuid !== '' && twin.uuid !== facts.uuid)
    throw new VirshError(`operation failed: domain '${twin.name}' already exists with uuid ${twin.uuid}`);
  throw new VirshError(`Requested operation is not valid: domain '${twin.name}' is already active`);
}

function planThreads(facts: DomainFacts, domainScope: string): PlannedThread[] {
  const scope = `${domainScope}/libvirt`;
  const emulator = { group: `${scope}/emulator`, pin: facts.emulatorPin ?? facts.defaultCpus };
  const iothreads = Array.from({ length: facts.iothreads }, (_, index) => ({
    name: `IO iothread${index + 1}`,
    group: `${scope}/iothread${index + 1}`,
    pin: facts.iothreadPins.get(index + 1) ?? facts.defaultCpus,
    iothread: index + 1,
  }));
  const vcpus = Array.from({ length: facts.vcpus }, (_, vcpu) => ({
    name: `CPU ${vcpu}/${facts.kvm ? 'KVM' : 'TCG'}`,
    group: `${scope}/vcpu${vcpu}`,
    pin: facts.vcpuPins.get(vcpu) ?? facts.defaultCpus,
    vcpu,
  }));
  const [main, ...others] = EMULATOR_THREADS.map(name => ({ name, ...emulator }));
  return [main!, ...iothreads, ...others, ...vcpus];
}

/**
 * The CPUs that a thread ends up with. A number that no CPU has is refused with the words recorded on cgroup v1
 * and v2. CPUs that are all switched off are refused with libvirt's words for sched_setaffinity(2)'s EINVAL.
 */
function cpusetOf(files: TreeFiles, { group, pin }: PlannedThread): CpuSet {
  const parent = effectiveCpus(files, group.slice(0, group.indexOf('/', 1)));
  if (pin === null) return parent;
  try {
    checkCpuNumbers(files, pin);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    throw new VirshError(`Unable to write to '${CGROUPS}${group}/cpuset.cpus': ${error.message}`);
  }
  const cpus = pin.intersect(parent).intersect(onlineCpus(files));
  if (cpus.isEmpty) throw new VirshError('cannot set CPU affinity on process: Invalid argument');
  return cpus;
}

function liveXml(xml: XmlElement, id: number, uuid: string): XmlElement {
  const named = { ...xml, attributes: { type: 'kvm', ...xml.attributes, id: `${id}` } };
  return withChild(named, child => child.name === 'uuid', {
    name: 'uuid',
    attributes: {},
    children: [uuid],
  });
}

/** systemd's escape of what a unit name cannot hold: every byte but letters, digits, `:`, `_` and `.`. */
function escaped(name: string): string {
  return [...Buffer.from(name)]
    .map(byte => {
      const letter = String.fromCharCode(byte);
      return /[\w:.]/.test(letter) ? letter : `\\x${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}
