import { openTreeNode } from '../../adapters/embedded/tree-node.ts';
import { parseLedger } from '../../adapters/ledger/parse-ledger.ts';
import { FALLBACK_FOLDER, RUN_FOLDER } from '../../adapters/ledger/state-folder.ts';
import { virsh } from '../../adapters/libvirt/virsh.ts';
import { localNode } from '../../adapters/local/local-node.ts';
import { loadPolicy } from '../../app/load-policy.ts';
import type { NodePort } from '../../app/ports.ts';
import { readHost } from '../../app/read-host.ts';
import { LIMITS } from '../../documents/limits.ts';
import { parseHost } from '../../documents/parse-host.ts';
import { readJson } from '../../documents/read-json.ts';
import { AppError, EXIT } from '../../domain/app-error.ts';
import type { Host } from '../../domain/host.ts';
import { hostPolicyOf } from '../../domain/node-policy.ts';
import { checkPolicy } from '../../engine/request/check-policy.ts';
import { usageOf } from '../../engine/usage.ts';
import { readText } from '../input.ts';
import { print } from '../output.ts';
import { policyFolder } from '../policy-folder.ts';
import { renderUsage } from '../render/render-usage.ts';

/** UTF-8 has at most this many bytes a character. */
const CHARACTER_BYTES = 4;

/** Prints what a node can give, what is taken, and what each guest costs: of a host document, or as it runs now. */
export async function usageCommand(options: {
  readonly host: string | undefined;
  readonly root: string | undefined;
  readonly json: boolean;
}): Promise<number> {
  const host = options.host === undefined ? await observed(options.root) : await documented(options.host);
  const [fault] = checkPolicy(host);
  if (fault !== undefined) throw new AppError(fault.code, EXIT.usage, fault.summary);
  const usage = usageOf(host);
  const document = { kind: 'pinfold/usage', version: 1, host: host.topology.host, ...usage };
  await print(options.json ? `${JSON.stringify(document, null, 2)}\n` : renderUsage(usage));
  return EXIT.done;
}

async function documented(file: string): Promise<Host> {
  return parseHost(readJson(await readText(file, CHARACTER_BYTES * LIMITS.textLength), 'the host document'));
}

async function observed(root: string | undefined): Promise<Host> {
  const node = root === undefined ? localNode() : openTreeNode(root);
  const reader: NodePort = { ...node, writeAtomically: () => undefined };
  const { policy } = await loadPolicy(reader, { policy: policyFolder(node), state: RUN_FOLDER });
  const text = [RUN_FOLDER, FALLBACK_FOLDER]
    .map(folder => node.files.read(`${folder}/ledger.json`))
    .find((ledger): ledger is string => ledger !== null);
  return readHost({
    node: reader,
    domains: virsh(node, process.env['LIBVIRT_URI'] ?? 'qemu:///system', RUN_FOLDER),
    policy: hostPolicyOf(policy),
    ledger: text === undefined ? null : parseLedger(text),
  });
}
