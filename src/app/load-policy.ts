import { basename, dirname } from 'node:path/posix';
import { AppError, EXIT } from '../domain/app-error.ts';
import type { NodePolicy, Profiles } from '../domain/node-policy.ts';
import type { TextTree } from '../formats/text-tree.ts';
import type { NodePort } from './ports.ts';

/** What the operator wrote for a node. */
export interface PolicyFiles {
  readonly policy: NodePolicy;
  readonly profiles: Profiles;
}

/** The compiled form: the texts that it was made from, by path, and what they say. */
interface CompiledPolicy extends PolicyFiles {
  readonly format: typeof FORMAT;
  readonly sources: Readonly<Record<string, string | null>>;
}

/** Raised when what is compiled changes its form. */
const FORMAT = 1;

/**
 * Policy and profiles of this node: `policy.yaml`, `nodes/NAME.yaml` over it key by key, `profiles.yaml`; a file
 * that is missing says nothing.
 *
 * Reading YAML and checking it against the schemas costs more than a whole decision, so the result is kept in the
 * state folder with the texts that it was made from: as long as the files say exactly that, only JSON is read.
 * @throws AppError naming the file, the key and the value
 */
export async function loadPolicy(
  node: Pick<NodePort, 'name' | 'files' | 'writeAtomically'>,
  folders: { readonly policy: string; readonly state: string },
): Promise<PolicyFiles> {
  const paths = ['policy.yaml', `nodes/${node.name}.yaml`, 'profiles.yaml'].map(
    name => `${folders.policy}/${name}`,
  );
  const texts = paths.map(path => textOrMissing(node.files, path));
  if (texts.every(text => text === null)) return { policy: {}, profiles: {} };
  const sources = Object.fromEntries(paths.map((path, index) => [path, texts[index] ?? null]));
  const compiledPath = `${folders.state}/policy.json`;
  const kept = parseCompiled(node.files.read(compiledPath));
  if (kept !== null && JSON.stringify(kept.sources) === JSON.stringify(sources)) return kept;
  const { compilePolicy } = await import('./compile-policy.ts');
  const compiled: CompiledPolicy = { format: FORMAT, sources, ...compilePolicy(paths, texts) };
  try {
    node.writeAtomically(compiledPath, JSON.stringify(compiled), 0o660);
  } catch {
    // Only a saving of time; a state folder that cannot be written is told by the ledger.
  }
  return compiled;
}

/** A rule that is there but cannot be read must not pass for one that does not exist. */
function textOrMissing(files: TextTree, path: string): string | null {
  const text = files.read(path);
  if (text !== null || !files.list(dirname(path)).includes(basename(path))) return text;
  throw new AppError(
    'policy-unreadable',
    EXIT.usage,
    `${path} exists but could not be read: let the user who starts VMs (oneadmin) read it, and see that it is a file of less than 8 MiB.`,
  );
}

function parseCompiled(text: string | null): CompiledPolicy | null {
  try {
    const value = JSON.parse(text ?? 'null') as Partial<CompiledPolicy> | null;
    if (value?.format !== FORMAT || !isObject(value.policy) || !isObject(value.profiles)) return null;
    return value as CompiledPolicy;
  } catch {
    return null;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
