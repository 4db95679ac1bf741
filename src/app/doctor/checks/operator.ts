import { parseCpuList } from '../../../domain/cpu-list.ts';
import { parseCpuSpec } from '../../../domain/cpu-spec.ts';
import { counted } from '../../../domain/counted.ts';
import type { HostTopology } from '../../../domain/host-topology.ts';
import type { DoctorFacts } from '../facts.ts';
import { fail, named, ok, skip, warn, type Outcome } from '../outcome.ts';

/** Whether policy.yaml and what overrides it can be read. */
export function policyFiles({ installation: { policyFolder }, operator }: DoctorFacts): Outcome {
  const files = operator.files.filter(({ path }) => !path.endsWith('/profiles.yaml'));
  const bad = files.flatMap(({ problem }) => problem ?? []);
  if (bad.length > 0)
    return fail(bad.join(' '), 'Correct it: until then no VM with a policy starts on its nodes.');
  if (files.length > 0) return ok(`${named(files.map(({ path }) => path))} can be read.`);
  return warn(
    `There is no ${policyFolder}/policy.yaml, so all online CPUs serve both uses and nothing is kept for the host.`,
    `Copy one to begin with: "cp /usr/share/pinfold/templates/${policyFolder.startsWith('/etc/pve') ? 'proxmox' : 'opennebula'}/*.yaml ${policyFolder}/".`,
  );
}

/** Whether the policy goes with this machine and leaves the host something. */
export function policyFits({ operator: { policy, policyFaults }, topology }: DoctorFacts): Outcome {
  if (policy === null) return skip('The policy cannot be read.');
  if (policyFaults.length > 0)
    return fail(
      policyFaults.join(' '),
      'Correct the policy: until then no VM with a policy starts on this node.',
    );
  const online = parseCpuList(topology.cpus.online);
  const [dedicated, shared, both] = [
    policy.cpu_dedicated_set ?? '',
    policy.cpu_shared_set ?? '',
    policy.vcpu_pin_set ?? '',
  ].map(text => parseCpuSpec(text));
  const given = dedicated!.union(both!);
  if (given.isEmpty && shared!.isEmpty)
    return warn(
      `No CPU set is given, so dedicated vCPUs may take every one of the ${counted(online.size, 'online CPU')}, and none is kept for the host and for emulator threads.`,
      'Give cpu_dedicated_set and cpu_shared_set in policy.yaml; a core or two of each socket is enough for most hosts.',
    );
  if (online.isSubsetOf(given))
    return warn(
      `cpu_dedicated_set holds all ${counted(online.size, 'online CPU')}, so none is left for the host, for emulator threads and for VMs without a policy.`,
      'Leave a core or two of each socket out of it.',
    );
  return ok(
    `${counted(given.size, 'CPU')} for dedicated vCPUs, ${counted(shared!.size, 'CPU')} for floating ones, of ${counted(online.size, 'online CPU')}.`,
  );
}

/** Whether profiles can be read, and each could be kept somewhere. */
export function profiles({ installation: { policyFolder }, operator }: DoctorFacts): Outcome {
  const path = `${policyFolder}/profiles.yaml`;
  const file = operator.files.find(one => one.path === path);
  if (file === undefined)
    return warn(
      `There is no ${path}, so no VM can ask for a profile.`,
      'Copy one of the templates to it and edit it.',
    );
  if (file.problem !== null || operator.profiles === null)
    return fail(
      file.problem ?? `${path} cannot be read.`,
      'Correct it: until then no VM with a profile starts.',
    );
  if (operator.profileFaults.length > 0)
    return fail(
      operator.profileFaults.join(' '),
      `Correct ${path}: VMs with such a profile are never placed.`,
    );
  const names = Object.keys(operator.profiles);
  return names.length === 0
    ? warn(`${path} names no profile, so no VM can ask for one.`, 'Add one to it.')
    : ok(`${counted(names.length, 'profile')}: ${named(names)}.`);
}

/** Whether there are huge pages for the profiles that want some. */
export function pagePools({ operator: { profiles: all }, topology }: DoctorFacts): Outcome {
  if (all === null) return skip('The profiles cannot be read.');
  const wanting = Object.entries(all).filter(([, { extra_specs: specs }]) =>
    wantsHuge(specs['hw:mem_page_size']),
  );
  const pools = poolsOf(topology);
  if (wanting.length === 0) return ok(`No profile asks for huge pages; there are ${pools.words}.`);
  const names = wanting.map(([name]) => name);
  if (pools.total === 0)
    return fail(
      `${wanting.length === 1 ? 'The profile' : 'The profiles'} ${named(names)} ask${wanting.length === 1 ? 's' : ''} for huge pages, and this node has none.`,
      'Reserve some when the node boots ("hugepagesz=2M hugepages=0:1024,1:1024" on the kernel\'s command line), or take hw:mem_page_size out.',
    );
  if (pools.bare.length > 0)
    return warn(
      `There are ${pools.words}, but none on ${pools.bare.length === 1 ? 'cell' : 'cells'} ${named(pools.bare)}, where guests of ${named(names)} never fit.`,
      'Reserve pages there, too ("hugepages=0:1024,1:1024" on the kernel\'s command line).',
    );
  return ok(`There are ${pools.words}, for ${named(names)}.`);
}

function wantsHuge(size: string | undefined): boolean {
  return size !== undefined && !['small', 'any'].includes(size);
}

function poolsOf({ cells }: HostTopology) {
  const sums = new Map<number, { total: number; free: number }>();
  const bare: string[] = [];
  for (const cell of cells) {
    const huge = cell.pages.slice(1);
    if (cell.cpus !== '' && huge.every(({ total }) => total === 0)) bare.push(String(cell.id));
    for (const { sizeKiB, total, free } of huge) {
      const sum = sums.get(sizeKiB) ?? { total: 0, free: 0 };
      sums.set(sizeKiB, { total: sum.total + total, free: sum.free + (free ?? 0) });
    }
  }
  const some = [...sums].filter(([, { total }]) => total > 0);
  const size = (kib: number) =>
    kib % 1048576 === 0 ? `${kib / 1048576} GiB` : kib % 1024 === 0 ? `${kib / 1024} MiB` : `${kib} KiB`;
  return {
    total: some.length,
    bare,
    words:
      some.length === 0
        ? 'no huge pages'
        : some
            .map(([kib, { total, free }]) => `${counted(total, 'page')} of ${size(kib)} (${free} free)`)
            .join(', '),
  };
}
