import { CHECK_IDS, type CheckId, type Diagnosis } from '../../domain/diagnosis.ts';
import * as disturbances from './checks/disturbances.ts';
import * as installation from './checks/installation.ts';
import * as kernel from './checks/kernel.ts';
import * as openNebula from './checks/open-nebula.ts';
import * as operator from './checks/operator.ts';
import * as proxmox from './checks/proxmox.ts';
import type { DoctorFacts } from './facts.ts';
import { checked, type Outcome } from './outcome.ts';

const CHECKS: Readonly<Record<CheckId, (facts: DoctorFacts) => Outcome>> = {
  'node-version': installation.nodeVersion,
  engine: installation.engine,
  'state-folder': installation.stateFolder,
  'node-lock': installation.nodeLock,
  'reconcile-timer': installation.reconcileTimer,
  leftovers: installation.leftovers,
  'policy-files': operator.policyFiles,
  'policy-fits': operator.policyFits,
  profiles: operator.profiles,
  'page-pools': operator.pagePools,
  snippet: proxmox.snippet,
  'other-nodes': proxmox.otherNodes,
  hookscripts: proxmox.hookscripts,
  chain: proxmox.chain,
  tags: proxmox.tags,
  'registered-tags': proxmox.registeredTagsCheck,
  affinity: proxmox.affinity,
  'driver-links': openNebula.driverLinks,
  'driver-word': openNebula.driverWord,
  'restricted-attribute': openNebula.restrictedAttribute,
  'emulator-cpus': openNebula.emulatorCpus,
  scheduler: openNebula.scheduler,
  partitions: kernel.partitions,
  'systemd-nudge': kernel.systemdNudge,
  'numa-balancing': disturbances.numaBalancing,
  'same-page-merging': disturbances.samePageMerging,
  irqbalance: disturbances.irqbalance,
  'isolated-cpus': disturbances.isolatedCpus,
  'zfs-cache': disturbances.zfsCache,
  'transparent-huge-pages': disturbances.transparentHugePages,
  'frequency-governors': disturbances.frequencyGovernors,
};

/** Judges what was found on a node; every check answers, in the order of {@link CHECK_IDS}. */
export function diagnose(facts: DoctorFacts): Diagnosis {
  const { stateFolder, policyFolder } = facts.installation;
  return {
    kind: 'pinfold/doctor',
    version: 1,
    host: facts.node,
    stateFolder,
    policyFolder,
    checks: CHECK_IDS.map(id => checked(id, CHECKS[id](facts))),
  };
}
