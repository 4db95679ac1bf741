import { clip } from '../../domain/cpu-list.ts';
import { childNamed, type XmlElement } from '../xml/xml-element.ts';
import { describeVm, isBase64, readRoot } from './read-vm-xml.ts';
import type { VmDescription } from './vm-description.ts';
import { VmXmlError } from './vm-xml-error.ts';

/** What oned sends along with every action of a VM; a text that it leaves out or empty is null. */
export interface DriverMessage {
  readonly vm: VmDescription;
  /** Where the VM is, and where a migration takes it. */
  readonly host: string | null;
  readonly targetHost: string | null;
  /** The domain's name or UUID. */
  readonly deployId: string | null;
  readonly checkpointFile: string | null;
  readonly deploymentFile: string | null;
}

/**
 * Reads the whole `<VMM_DRIVER_ACTION_DATA>` message, plain or in base64, as restore and migrate get it on
 * standard input.
 * @throws VmXmlError when it is none
 */
export function readDriverMessage(text: string): DriverMessage {
  if (text.trim() === '')
    throw new VmXmlError(
      "The driver's message on standard input is empty; this command is called by OpenNebula.",
    );
  const root = readRoot(isBase64(text) ? decodeBase64(text) : text, "The driver's message");
  const vm = childNamed(root, 'VM');
  if (root.name !== 'VMM_DRIVER_ACTION_DATA' || vm === undefined)
    throw new VmXmlError(
      `The driver's message has the root element <${clip(root.name)}>, but a <VMM_DRIVER_ACTION_DATA> with a <VM> was expected.`,
    );
  return {
    vm: describeVm(vm),
    host: textIn(root, 'HOST'),
    targetHost: textIn(root, 'MIGR_HOST'),
    deployId: textIn(root, 'DEPLOY_ID'),
    checkpointFile: textIn(root, 'CHECKPOINT_FILE'),
    deploymentFile: textIn(root, 'REMOTE_DEPLOYMENT_FILE'),
  };
}

function textIn(root: XmlElement, name: string): string | null {
  const text = childNamed(root, name)?.text.trim() ?? '';
  return text === '' ? null : text;
}

function decodeBase64(text: string): string {
  try {
    const bytes = Uint8Array.from(atob(text.replace(/\s/g, '')), character => character.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new VmXmlError("The driver's message is neither XML nor base64 of XML.", error);
  }
}
