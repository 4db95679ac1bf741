import { counted } from '../../../domain/counted.ts';
import { shortList } from '../../../formats/map/short-list.ts';
import { CpuSet } from '../../../domain/cpu-set.ts';
import { CpuSyntaxError, parseCpuList } from '../../../domain/cpu-list.ts';
import { parseCpuSpec } from '../../../domain/cpu-spec.ts';
import type { DoctorFacts, OpenNebulaFacts, OpenNebulaHost } from '../facts.ts';
import { fail, named, ok, skip, warn, type Outcome } from '../outcome.ts';

/** A check of a host or front-end of OpenNebula; elsewhere there is nothing to look at. */
function onOpenNebula(
  judge: (facts: OpenNebulaFacts, all: DoctorFacts) => Outcome,
): (facts: DoctorFacts) => Outcome {
  return facts =>
    facts.openNebula === null
      ? skip('This machine is no host of OpenNebula.')
      : judge(facts.openNebula, facts);
}

/** Whether each action of the stock driver is reached: an action without a link fails, and oned copies everything anew. */
export const driverLinks = onOpenNebula(({ drivers }) => {
  if (drivers.length === 0) return skip('There is no KVM driver of OpenNebula on this machine.');
  const absent = drivers.filter(({ isThere }) => !isThere);
  const install = 'Run hooks/opennebula/install on the front-end as oneadmin, then "onehost sync --force".';
  if (absent.length > 0) return fail(`${named(absent.map(({ path }) => path))} is missing.`, install);
  const short = drivers.filter(({ missing }) => missing.length > 0);
  if (short.length > 0)
    return fail(
      `${short.map(({ path, missing }) => `${path} has no link for ${named(missing)}`).join('; ')}, which OpenNebula's own driver has.`,
      install,
    );
  return ok(
    `${named(drivers.map(({ path }) => path))} ${drivers.length === 1 ? 'has' : 'have'} every action of the stock driver.`,
  );
});

/** Whether oned starts VMs through Pinfold's driver directory. */
export const driverWord = onOpenNebula(({ oned }) => {
  if (oned === null) return skip('oned.conf is on the front-end.', 'Run pinfold doctor there, too.');
  if (oned.words.includes('kvmpinfold')) return ok('oned starts VMs through kvmpinfold.');
  return fail(
    `No VM_MAD of /etc/one/oned.conf has the word kvmpinfold in its ARGUMENTS${oned.words.length === 0 ? '' : ` (it says ${named(oned.words)})`}, so nothing is placed.`,
    'Change the word kvm in the ARGUMENTS of the KVM driver to kvmpinfold (templates/opennebula/oned.conf), then restart opennebula.',
  );
});

/** Whether only administrators may ask for CPUs of their own. */
export const restrictedAttribute = onOpenNebula(({ oned }) => {
  if (oned === null) return skip('oned.conf is on the front-end.', 'Run pinfold doctor there, too.');
  if (oned.restricted.some(word => /^PINFOLD(?:\/.*)?$/i.test(word)))
    return ok('VM_RESTRICTED_ATTR keeps PINFOLD for administrators.');
  return fail(
    'VM_RESTRICTED_ATTR of /etc/one/oned.conf does not name PINFOLD, so whoever may edit a VM can give it CPUs of its own.',
    'Add VM_RESTRICTED_ATTR = "PINFOLD" (templates/opennebula/oned.conf), then restart opennebula.',
  );
});

/** Hosts whose EMULATOR_CPUS put the emulator threads of VMs without a policy where dedicated vCPUs run. */
export const emulatorCpus = onOpenNebula((facts, { operator: { policy } }) => {
  const hosts = answered(facts);
  if (!Array.isArray(hosts)) return hosts as Outcome;
  const set = (hosts as readonly OpenNebulaHost[]).filter(host => host.emulatorCpus !== '');
  if (set.length === 0) return ok('No host has EMULATOR_CPUS.');
  const dedicated = parseCpuSpec(policy?.cpu_dedicated_set ?? '');
  const clashing = set.filter(host => !cpusOf(host.emulatorCpus).intersect(dedicated).isEmpty);
  const words = (some: readonly OpenNebulaHost[]) =>
    named(some.map(host => `${host.name} (${host.emulatorCpus.slice(0, 40)})`));
  if (clashing.length > 0)
    return warn(
      `EMULATOR_CPUS of ${words(clashing)} lies on CPUs of cpu_dedicated_set, and oned pins the emulator threads of VMs without a PINFOLD section there.`,
      'Set EMULATOR_CPUS to shared CPUs, or take it off the host; Pinfold decides for its own VMs.',
    );
  return ok(
    `EMULATOR_CPUS of ${words(set)} is apart from the dedicated CPUs; Pinfold decides for its own VMs.`,
  );
});

/** Hosts and CPUs that oned's scheduler keeps from VMs that have no TOPOLOGY, as those of Pinfold. */
export const scheduler = onOpenNebula(facts => {
  const hosts = answered(facts);
  if (!Array.isArray(hosts)) return hosts as Outcome;
  const all = hosts as readonly OpenNebulaHost[];
  const pinned = all.filter(host => host.pinPolicy === 'PINNED').map(({ name }) => name);
  if (pinned.length > 0)
    return fail(
      `PIN_POLICY of ${named(pinned)} is PINNED, so OpenNebula's scheduler sends only VMs with a TOPOLOGY there, and never those of Pinfold.`,
      'Set PIN_POLICY of the host to NONE ("onehost update").',
    );
  const isolated = all.filter(host => host.isolCpus !== '');
  if (isolated.length > 0)
    return warn(
      `ISOLCPUS of ${named(isolated.map(host => `${host.name} (${shortList(cpusOf(host.isolCpus))})`))} keeps those CPUs out of OpenNebula's own account, while Pinfold gives out what policy.yaml says.`,
      'Name the same CPUs in neither set of policy.yaml, or take ISOLCPUS off the host.',
    );
  return ok(`OpenNebula's scheduler keeps none of its ${counted(all.length, 'host')} from Pinfold's VMs.`);
});

/** The hosts, or why nothing is known of them. */
function answered({ hosts }: OpenNebulaFacts): readonly OpenNebulaHost[] | Outcome {
  if (hosts === null) return skip('Only a front-end knows the hosts.', 'Run pinfold doctor there, too.');
  return typeof hosts === 'string' ? skip(`"onehost list" did not answer: ${hosts}.`) : hosts;
}

/** OpenNebula writes a list without ranges; what is no list counts as none. */
function cpusOf(text: string): CpuSet {
  try {
    return parseCpuList(text.replace(/\s+/g, ''));
  } catch (error) {
    if (error instanceof CpuSyntaxError) return CpuSet.EMPTY;
    throw error;
  }
}
