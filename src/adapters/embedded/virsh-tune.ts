import { newUuid } from './new-uuid.ts';

import { writeGroup } from './cgroups.ts';
import { groupOf } from './create-domain.ts';
import { cpusOf, readDomainFacts } from './domain-facts.ts';
import { findDomain, saveDomain } from './domain-store.ts';
import { allowedCells } from './guest-memory.ts';
import { onlineCells, onlineCpus } from './hardware.ts';
import { migratePages } from './migrate-pages.ts';
import { addThread, setCells, takeTaskNumbers } from './processes.ts';
import type { TreeFiles } from './tree-files.ts';
import { VirshError } from './virsh-error.ts';
import { wordOf, type VirshCall } from './virsh-words.ts';
import { childAt, parseXml, withChild, withElementAt, writeXml, XmlError } from './xml-elements.ts';

/**
 * `numatune DOMAIN [--mode M] [--nodeset CELLS]`. Recorded on a running domain: with mode restrictive, or without
 * any `<numatune>`, the nodeset changes and the pages move along (as `migratePages` says); in other modes `change of
 * nodeset for running domain requires restrictive numa mode`; a cell that is not there is `NUMA node 7 is unavailable`. A mode
 * is refused where another one is set, and taken where none is; none set and none told is strict (libvirt, qemu_driver.c and
 * numa_conf.c).
 */
export function changeNumatune(files: TreeFiles, call: VirshCall): string {
  const domain = findDomain(files, wordOf(call, 0, 'domain'));
  const facts = readDomainFacts(writeXml(domain.xml));
  const nodeset = call.options.get('nodeset') ?? call.words[2];
  const mode = facts.numatune?.mode ?? 'strict';
  if (nodeset === undefined)
    return `numa_mode      : ${mode}\nnuma_nodeset   : ${facts.numatune?.nodeset?.toString() ?? ''}\n\n`;
  const cells = cpusOf(nodeset);
  const missing = cells.minus(onlineCells(files)).first;
  if (missing !== undefined)
    throw new VirshError(`unsupported configuration: NUMA node ${missing} is unavailable`);
  const told = call.options.get('mode');
  if (told !== undefined && facts.numatune !== null && mode !== told)
    throw new VirshError("Requested operation is not valid: can't change numatune mode for running domain");
  if (facts.numatune !== null && mode !== 'restrictive')
    throw new VirshError(
      'Requested operation is not valid: change of nodeset for running domain requires restrictive numa mode',
    );
  const numatune = { mode: 'restrictive', nodeset: cells };
  migratePages(files, `/proc/${domain.pid}/numa_maps`, {
    from: onlineCells(files).minus(cells),
    to: [...cells],
  });
  setCells(files, domain.pid, allowedCells(files, numatune));
  const xml = withElementAt(domain.xml, ['numatune', 'memory'], memory => ({
    ...memory,
    attributes: {
      ...memory.attributes,
      mode: facts.numatune?.mode ?? told ?? 'strict',
      nodeset: cells.toString(),
    },
  }));
  saveDomain(files, { ...domain, xml });
  return '\n';
}

/**
 * `setvcpus DOMAIN COUNT --live`. Recorded: a vCPU that is plugged in runs on all CPUs until somebody pins it.
 * Taking vCPUs out of a running guest needs the guest's help, which nobody gives here.
 */
export function changeVcpus(files: TreeFiles, call: VirshCall): string {
  const domain = findDomain(files, wordOf(call, 0, 'domain'));
  const facts = readDomainFacts(writeXml(domain.xml));
  const count = Number(wordOf(call, 1, 'count'));
  if (!Number.isInteger(count) || count > facts.maxVcpus)
    throw new VirshError(
      `invalid argument: requested vcpus is greater than max allowable vcpus for the live domain: ${count} > ${facts.maxVcpus}`,
    );
  if (count < facts.vcpus)
    throw new VirshError(
      'operation failed: vcpu unplug request timed out. Unplug result must be manually inspected in the domain',
    );
  const vcpuTids = new Map(domain.vcpuTids);
  for (let vcpu = facts.vcpus; vcpu < count; vcpu += 1) {
    const [tid] = takeTaskNumbers(files, 1);
    const group = groupOf(domain, `vcpu${vcpu}`);
    writeGroup(files, { group, cpus: null, cells: null, threads: [tid!] });
    const name = `CPU ${vcpu}/${facts.kvm ? 'KVM' : 'TCG'}`;
    addThread(files, domain.pid, { tid: tid!, name, group, cpus: onlineCpus(files), realtime: null });
    vcpuTids.set(vcpu, tid!);
  }
  const xml = withElementAt(domain.xml, ['vcpu'], vcpu => ({
    ...vcpu,
    attributes: { ...vcpu.attributes, current: `${count}` },
  }));
  saveDomain(files, { ...domain, vcpuTids, xml });
  return '\n';
}

/** `metadata DOMAIN URI [--key K --set XML | --remove]`: shows, changes or removes one element of `<metadata>`. */
export function changeMetadata(files: TreeFiles, call: VirshCall): string {
  const domain = findDomain(files, wordOf(call, 0, 'domain'));
  const uri = wordOf(call, 1, 'uri');
  const text = call.options.get('set');
  const isIt = (child: { attributes: Readonly<Record<string, string>> }) =>
    Object.entries(child.attributes).some(([name, value]) => name.startsWith('xmlns') && value === uri);
  if (text === undefined && !call.options.has('remove')) {
    const found = childAt(domain.xml, 'metadata')?.children.find(
      node => typeof node !== 'string' && isIt(node),
    );
    if (found === undefined) throw new VirshError('Requested metadata element is not present');
    return `${writeXml(found)}\n\n`;
  }
  const key = call.options.get('key') ?? `m${newUuid().slice(0, 8)}`;
  const element = text === undefined ? null : elementOf(text);
  const named = element && {
    ...element,
    name: `${key}:${element.name}`,
    attributes: { [`xmlns:${key}`]: uri, ...element.attributes },
  };
  const xml = withElementAt(domain.xml, ['metadata'], metadata => withChild(metadata, isIt, named));
  saveDomain(files, { ...domain, xml });
  return text === undefined ? 'Metadata removed\n' : 'Metadata modified\n';
}

function elementOf(text: string) {
  try {
    return parseXml(text);
  } catch (error) {
    throw error instanceof XmlError ? new VirshError(error.message) : error;
  }
}
