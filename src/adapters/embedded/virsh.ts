import { createDomain } from './create-domain.ts';
import { destroyDomain } from './destroy-domain.ts';
import { readDomainFacts } from './domain-facts.ts';
import { findDomain, liveDomains } from './domain-store.ts';
import type { TreeFiles } from './tree-files.ts';
import { VirshError } from './virsh-error.ts';
import { pinEmulator, pinIothread, pinVcpu } from './virsh-pins.ts';
import { changeMetadata, changeNumatune, changeVcpus } from './virsh-tune.ts';
import { virshCallOf, wordOf, type VirshCall } from './virsh-words.ts';
import { writeXml } from './xml-elements.ts';

const VERBS: Readonly<Record<string, (files: TreeFiles, call: VirshCall) => string>> = {
  list: listDomains,
  create: createFromFile,
  destroy: (files, call) => stop(files, call, 'destroyed'),
  shutdown: (files, call) => stop(files, call, 'is being shutdown'),
  dumpxml: (files, call) => `${writeXml(domainOf(files, call).xml)}\n\n`,
  domid: (files, call) => `${domainOf(files, call).id}\n\n`,
  domname: (files, call) => `${domainOf(files, call).name}\n\n`,
  domuuid: (files, call) => `${domainOf(files, call).uuid}\n\n`,
  domstate: (files, call) => (domainOf(files, call), 'running\n\n'),
  vcpupin: pinVcpu,
  emulatorpin: pinEmulator,
  iothreadpin: pinIothread,
  numatune: changeNumatune,
  setvcpus: changeVcpus,
  metadata: changeMetadata,
  save: saveImage,
  'save-image-dumpxml': (files, call) => textAt(files, wordOf(call, 0, 'file')),
  'save-image-define': defineImage,
  restore: restoreImage,
};

/**
 * Answers one virsh call on the tree, under its lock: text for standard output, or a {@link VirshError} with what
 * follows `error: `. The verbs are those that Pinfold and OpenNebula's scripts call; others are unknown here.
 */
export function answerVirsh(files: TreeFiles, argv: readonly string[]): string {
  const { verb, call } = virshCallOf(argv);
  const answer = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (answer === undefined) throw new VirshError(`unknown command: '${verb}'`);
  return answer(files, call);
}

function domainOf(files: TreeFiles, call: VirshCall) {
  return findDomain(files, wordOf(call, 0, 'domain'));
}

function textAt(files: TreeFiles, path: string): string {
  const text = files.read(path);
  if (text === null) throw new VirshError(`Failed to open file '${path}': No such file or directory`);
  return text;
}

function createFromFile(files: TreeFiles, call: VirshCall): string {
  const file = wordOf(call, 0, 'file');
  const text = textAt(files, file);
  try {
    return `Domain '${createDomain(files, text).name}' created from ${file}\n\n`;
  } catch (error) {
    if (!(error instanceof VirshError)) throw error;
    throw new VirshError(`Failed to create domain from ${file}\nerror: ${error.message}`);
  }
}

function stop(files: TreeFiles, call: VirshCall, done: string): string {
  const domain = domainOf(files, call);
  destroyDomain(files, domain);
  return `Domain '${domain.name}' ${done}\n\n`;
}

/** A saved guest is its XML here: no memory follows, because nothing ran in it. */
function saveImage(files: TreeFiles, call: VirshCall): string {
  const domain = domainOf(files, call);
  const file = wordOf(call, 1, 'file');
  files.write({ path: file, text: `${writeXml(domain.xml)}\n`, mode: 0o600 });
  destroyDomain(files, domain);
  return `Domain '${domain.name}' saved to ${file}\n\n`;
}

function defineImage(files: TreeFiles, call: VirshCall): string {
  const file = wordOf(call, 0, 'file');
  const text = textAt(files, wordOf(call, 1, 'xml'));
  textAt(files, file);
  readDomainFacts(text);
  files.write({ path: file, text, mode: 0o600 });
  return `State file ${file} updated.\n\n`;
}

function restoreImage(files: TreeFiles, call: VirshCall): string {
  const file = wordOf(call, 0, 'file');
  const saved = textAt(files, file);
  const xml = call.options.get('xml');
  try {
    createDomain(files, xml === undefined ? saved : textAt(files, xml));
  } catch (error) {
    if (!(error instanceof VirshError)) throw error;
    throw new VirshError(`Failed to restore domain from ${file}\nerror: ${error.message}`);
  }
  return `Domain restored from ${file}\n\n`;
}

function listDomains(files: TreeFiles, { options }: VirshCall): string {
  const domains = liveDomains(files);
  if (options.has('name')) return `${domains.map(({ name }) => `${name}\n`).join('')}\n`;
  if (options.has('uuid')) return `${domains.map(({ uuid }) => `${uuid}\n`).join('')}\n`;
  const rows = domains.map(({ id, name }) => ` ${`${id}`.padEnd(4)} ${name}   running\n`);
  return ` Id   Name   State\n---------------------\n${rows.join('')}\n`;
}
