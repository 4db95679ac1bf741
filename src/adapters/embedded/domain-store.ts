import type { TextTree } from '../../formats/text-tree.ts';
import type { TreeFiles } from './tree-files.ts';
import { VirshError } from './virsh-error.ts';
import { childAt, parseXml, textOf, writeXml, type XmlElement } from './xml-elements.ts';

/** A running domain as the stand-in libvirt remembers it. */
export interface LiveDomain {
  readonly id: number;
  readonly pid: number;
  readonly name: string;
  readonly uuid: string;
  /** By vCPU number. */
  readonly vcpuTids: ReadonlyMap<number, number>;
  /** By iothread number. */
  readonly iothreadTids: ReadonlyMap<number, number>;
  readonly xml: XmlElement;
}

/** Where libvirt keeps its running domains: NAME.pid and NAME.xml. */
const FOLDER = '/run/libvirt/qemu';

/** All running domains by their number. A file whose process is gone counts as no domain. */
export function liveDomains(tree: TextTree): LiveDomain[] {
  return tree
    .list(FOLDER)
    .filter(name => name.endsWith('.xml'))
    .flatMap(name => readDomain(tree, name))
    .sort((a, b) => a.id - b.id);
}

/** The domain of this number, name or UUID. Fails in virsh's words. */
export function findDomain(tree: TextTree, word: string): LiveDomain {
  const found = liveDomains(tree).find(({ id, name, uuid }) => [`${id}`, name, uuid].includes(word));
  if (found !== undefined) return found;
  throw new VirshError(
    `failed to get domain '${word}'\nerror: Domain not found: no domain with matching name '${word}'`,
  );
}

/** Writes what is remembered of a domain. */
export function saveDomain(files: TreeFiles, domain: LiveDomain): void {
  const ids = (name: string, tids: ReadonlyMap<number, number>): XmlElement => ({
    name: `${name}s`,
    attributes: {},
    children: [...tids].map(([id, pid]) => ({
      name,
      attributes: { id: `${id}`, pid: `${pid}` },
      children: [],
    })),
  });
  const status: XmlElement = {
    name: 'domstatus',
    attributes: { state: 'running', reason: 'booted', pid: `${domain.pid}` },
    children: [ids('vcpu', domain.vcpuTids), ids('iothread', domain.iothreadTids), domain.xml],
  };
  files.write({ path: `${FOLDER}/${domain.name}.xml`, text: `${writeXml(status)}\n`, mode: 0o600 });
  files.write({ path: `${FOLDER}/${domain.name}.pid`, text: `${domain.pid}\n` });
}

/** Forgets a domain. */
export function forgetDomain(files: TreeFiles, name: string): void {
  files.remove(`${FOLDER}/${name}.pid`);
  files.remove(`${FOLDER}/${name}.xml`);
}

function readDomain(tree: TextTree, file: string): LiveDomain[] {
  const text = tree.read(`${FOLDER}/${file}`);
  if (text === null) return [];
  const status = parseXml(text);
  const xml = childAt(status, 'domain');
  const pid = Number(status.attributes['pid']);
  if (xml === undefined || tree.read(`/proc/${pid}/stat`) === null) return [];
  const tids = (group: string) =>
    new Map(
      (childAt(status, group)?.children ?? []).flatMap(node =>
        typeof node === 'string' ? [] : [[Number(node.attributes['id']), Number(node.attributes['pid'])]],
      ),
    );
  return [
    {
      id: Number(xml.attributes['id']),
      pid,
      name: textOf(childAt(xml, 'name')),
      uuid: textOf(childAt(xml, 'uuid')),
      vcpuTids: tids('vcpus'),
      iothreadTids: tids('iothreads'),
      xml,
    },
  ];
}
