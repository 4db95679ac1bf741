import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { openTreeNode } from '../adapters/embedded/tree-node.ts';
import { fileLock } from '../adapters/ledger/file-lock.ts';
import { localNode } from '../adapters/local/local-node.ts';
import type { ApiLogin } from '../adapters/proxmox/api-target.ts';
import type { ProxmoxApi } from '../adapters/proxmox/open-api.ts';
import type { ConfigChange } from '../app/proxmox/attach/attach-record.ts';
import { configLockFile, type AttachTools } from '../app/proxmox/attach/write-attach.ts';
import type { RemoteVmTools } from '../app/proxmox/attach/write-remote.ts';
import { PROXMOX_POLICY_FOLDER, type PolicyFolders } from '../app/proxmox/policy/guest-policy.ts';
import { AppError, EXIT } from '../domain/app-error.ts';
import { checkVmid } from './check-vmid.ts';
import { namedNode, openNode, type NodeChoice, type OpenedNode } from './open-node.ts';
import { withProgress } from './with-progress.ts';

/** A VM of a node. */
export interface VmSiteChoice extends NodeChoice {
  readonly vm: string;
}

/** A VM where it is, open for looking and for one change. */
export interface VmSite {
  readonly opened: OpenedNode;
  readonly folders: PolicyFolders;
  /** For a node of this machine, or a tree. */
  readonly local: AttachTools;
  /** For one on another machine: what writes these changes there; null here. */
  readonly remote: ((changes: readonly ConfigChange[]) => RemoteVmTools) | null;
  /** Throws an AppError when the API, where there is one, does not show the config that was read. */
  checkSame(configText: string): Promise<void>;
  close(): void;
}

/** Opens the site of a VM. Throws an AppError as `openNode`, and for an API that cannot be entered. */
export async function openVmSite(choice: VmSiteChoice): Promise<VmSite> {
  checkVmid(choice.vm);
  const api =
    choice.node === undefined
      ? null
      : await withProgress(`asking the API of ${choice.node}`, 1, () => openApi(choice));
  const opened = await openNode(choice);
  const { node, stateFolder } = opened;
  const folders = { policy: PROXMOX_POLICY_FOLDER, state: stateFolder };
  const close = () => {
    opened.close();
  };
  const site = { opened, folders, close };
  const { remote } = opened;
  if (remote === null) return { ...site, local: localTools(choice), remote: null, checkSame: async () => {} };
  const { writeLocked } = await import('../adapters/node-access/write-locked.ts');
  return {
    ...site,
    local: localTools({ ...choice, root: undefined }),
    remote: changes => ({
      vmid: choice.vm,
      files: node.files,
      node: node.name,
      policyFolder: folders.policy,
      writeLocked: write => writeLocked(remote.ssh, write),
      writeConfig: api !== null && mayWrite(api.login, changes) ? writerOf(api, choice.vm) : null,
    }),
    checkSame: async text => {
      if (api !== null) await checkDigest(api, choice.vm, text);
    },
  };
}

function localTools({ vm, root }: VmSiteChoice): AttachTools {
  return {
    vmid: vm,
    node: root === undefined ? localNode() : openTreeNode(root),
    configLock: fileLock(join(root ?? '/', configLockFile(vm))),
    policyFolder: PROXMOX_POLICY_FOLDER,
  };
}

/** An API that is open, and the node's name there. */
interface OpenApi {
  readonly api: ProxmoxApi;
  readonly login: ApiLogin;
  readonly node: string;
  readonly entry: string;
}

async function openApi(choice: VmSiteChoice): Promise<OpenApi | null> {
  const named = await namedNode(choice);
  const { apiTarget } = await import('../adapters/node-access/node-targets.ts');
  const target = apiTarget(named);
  if (target === null) return null;
  const { openProxmoxApi } = await import('../adapters/proxmox/open-api.ts');
  const node = named.settings.name ?? named.name;
  const opened = { api: openProxmoxApi(target), login: target.login, node, entry: named.name };
  await checkThere(opened, choice.vm);
  return opened;
}

/** A VM that this login sees on another node of the cluster. */
async function checkThere({ api, node }: OpenApi, vmid: string): Promise<void> {
  const found = (await api.vms()).find(vm => vm.vmid === vmid);
  if (found === undefined || found.node === node) return;
  throw new AppError(
    'vm-elsewhere',
    EXIT.usage,
    `VM ${vmid} is not on ${node} but on ${found.node}: name that node with --node.`,
  );
}

/** Keys that only the bare user root@pam may write, whatever a token may do (PVE/API2/Qemu.pm). */
const ROOT_ONLY = new Set(['affinity', 'args', 'hookscript', 'hugepages', 'keephugepages']);

function mayWrite(login: ApiLogin, changes: readonly ConfigChange[]): boolean {
  const isRoot = login.kind === 'password' && login.user === 'root@pam';
  return isRoot || !changes.some(({ key }) => ROOT_ONLY.has(key));
}

function writerOf({ api, node }: OpenApi, vmid: string): NonNullable<RemoteVmTools['writeConfig']> {
  return (changes, from) =>
    api.writeConfig(node, vmid, {
      set: Object.fromEntries(changes.flatMap(({ key, after }) => (after === null ? [] : [[key, after]]))),
      delete: changes.flatMap(({ key, after }) => (after === null ? [key] : [])),
      digest: digestOf(from),
    });
}

/** What SSH read must be what the API answers about, or one of them is another node. */
async function checkDigest({ api, node, entry }: OpenApi, vmid: string, text: string): Promise<void> {
  const { digest } = await api.config(node, vmid);
  if (digest === digestOf(text)) return;
  throw new AppError(
    'config-changed',
    EXIT.state,
    `The API shows another config of VM ${vmid} than SSH to ${entry} does, so nothing was written: somebody changed it at this moment (then try again), or api and ssh of ${entry} in nodes.yaml are not the same node.`,
  );
}

/** Proxmox VE's digest of a config is the SHA-1 of its text. */
function digestOf(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}
