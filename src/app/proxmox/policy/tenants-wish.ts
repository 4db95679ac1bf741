import { AppError, EXIT } from '../../../domain/app-error.ts';
import { clip } from '../../../domain/cpu-list.ts';
import type { OnRefusal, Profile } from '../../../domain/node-policy.ts';
import { findNotesBlock } from '../../../formats/proxmox/notes-block.ts';
import { sentenceOf } from '../../sentence-of.ts';

/** What of a tenant's wishes counts, and what was dropped, one sentence each. */
export interface TenantsWish {
  readonly imageProperties: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

/** Whose wish it is and how it is taken. */
export interface WishQuestion {
  readonly vmid: string;
  /** The VM's notes, decoded. */
  readonly description: string;
  readonly name: string;
  readonly profile: Profile;
  readonly onRefusal: OnRefusal;
}

/**
 * The image properties of the `pinfold` block in a VM's notes that its profile lets the tenant set; `hw_numa_cpus`
 * stands for all its numbered ones. Under `strict` anything else is an error, under `float` it is dropped with a warning.
 * The YAML reader is loaded only for notes that hold such a block.
 */
export async function tenantsWish(question: WishQuestion): Promise<TenantsWish> {
  const block = findNotesBlock(question.description);
  if (block.kind === 'none') return { imageProperties: {}, warnings: [] };
  const title = `the pinfold block in the notes of VM ${question.vmid}`;
  try {
    if (block.kind === 'several')
      throw fault(`The notes of VM ${question.vmid} hold more than one pinfold block: keep one of them.`);
    const { readNotesBlock } = await import('../../../documents/read-notes-block.ts');
    return allowedPart(readNotesBlock(block.text, title), question);
  } catch (error) {
    if (question.onRefusal === 'strict' || !(error instanceof AppError)) throw error;
    return { imageProperties: {}, warnings: [`${sentenceOf(error)} The block was dropped.`] };
  }
}

function allowedPart(wish: Readonly<Record<string, string>>, question: WishQuestion): TenantsWish {
  const { vmid, name, profile, onRefusal } = question;
  const may = profile.tenant_may;
  const isAllowed = (key: string) => may.includes(key) || may.includes(key.replace(/\.\d+$/, ''));
  const forbidden = Object.keys(wish).filter(key => !isAllowed(key));
  const imageProperties = Object.fromEntries(Object.entries(wish).filter(([key]) => isAllowed(key)));
  if (forbidden.length === 0) return { imageProperties, warnings: [] };
  const sentence = `The notes of VM ${vmid} set ${clip(forbidden.join(', '))}, but the profile "${name}" lets its owner set ${may.length === 0 ? 'nothing' : may.join(', ')}: take it out, or ask the operator to add it to tenant_may.`;
  if (onRefusal === 'strict') throw fault(sentence);
  return { imageProperties, warnings: [`${sentence} The wish was dropped.`] };
}

function fault(sentence: string): AppError {
  return new AppError('tenant-wish-refused', EXIT.usage, sentence);
}
