import { proxmoxApi } from 'proxmox-api';
import * as z from 'zod/mini';
import { AppError, EXIT } from '../../domain/app-error.ts';
import { ApiEngine } from './api-engine.ts';
import type { ApiTarget } from './api-target.ts';
import { networkFailure } from './network-failure.ts';

/** What a VM's config says over the API: keys with their values as text. */
export interface ApiVmConfig {
  /** SHA-1 of the config file's text, by which a write knows that nobody else wrote. */
  readonly digest: string;
  /** Without description, digest and what is pending. */
  readonly values: Readonly<Record<string, string>>;
  readonly description: string | null;
}

/** A VM of the cluster. */
export interface ApiVm {
  readonly vmid: string;
  readonly node: string;
  readonly tags: string;
}

/** New values by key and keys to take away, valid only for the config with this digest. */
export interface ConfigWrite {
  readonly set: Readonly<Record<string, string>>;
  readonly delete: readonly string[];
  readonly digest: string;
}

/** What Pinfold asks the API of a Proxmox VE node. Every failure is an AppError with the server's words. */
export interface ProxmoxApi {
  /** The VMs of the whole cluster that this login may see; templates too, containers not. */
  vms(): Promise<readonly ApiVm[]>;
  config(node: string, vmid: string): Promise<ApiVmConfig>;
  /** Sent once; refused with exit 5 when the config is no longer the one with this digest. */
  writeConfig(node: string, vmid: string, write: ConfigWrite): Promise<void>;
}

const vmsSchema = z.array(
  z.object({
    type: z.optional(z.string()),
    vmid: z.optional(z.number()),
    node: z.optional(z.string()),
    tags: z.optional(z.string()),
  }),
);
const configSchema = z.catchall(z.object({ digest: z.string() }), z.union([z.string(), z.number()]));

/** Opens the API; nothing is sent before the first question. */
export function openProxmoxApi(target: ApiTarget): ProxmoxApi {
  const api = proxmoxApi(new ApiEngine(target));
  const vmOf = (node: string, vmid: string) => api.nodes.$(checkedNode(node)).qemu.$(checkedVmid(vmid));
  return {
    async vms() {
      const rows = read(target, vmsSchema, await api.cluster.resources.$get({ type: 'vm' }));
      return rows.flatMap(({ type, vmid, node, tags = '' }) =>
        type !== 'qemu' || vmid === undefined || node === undefined
          ? []
          : [{ vmid: String(vmid), node, tags }],
      );
    },
    async config(node, vmid) {
      const answer = read(target, configSchema, await vmOf(node, vmid).config.$get({ current: true }));
      const { digest, description, ...values } = answer;
      return {
        digest,
        values: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)])),
        description: description === undefined ? null : String(description),
      };
    },
    async writeConfig(node, vmid, { set, delete: away, digest }) {
      const parameters = { ...set, digest, ...(away.length > 0 && { delete: away.join(',') }) };
      await vmOf(node, vmid).config.$put(parameters);
    },
  };
}

/** The library puts parts of paths together as they are, so only these are let through. */
function checkedNode(name: string): string {
  if (/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(name)) return name;
  throw new AppError(
    'node-name-invalid',
    EXIT.usage,
    `${JSON.stringify(name.slice(0, 60))} cannot be the name of a Proxmox VE node: it has letters, digits and hyphens.`,
  );
}

function checkedVmid(vmid: string): number {
  if (/^[1-9]\d{2,8}$/.test(vmid)) return Number(vmid);
  throw new AppError(
    'vmid-invalid',
    EXIT.usage,
    `${JSON.stringify(vmid.slice(0, 60))} is no VM of Proxmox VE: its number is from 100 to 999999999.`,
  );
}

/** The types of proxmox-api are claims: what an answer is used for is checked. */
function read<Schema extends z.ZodMiniType>(
  target: ApiTarget,
  schema: Schema,
  answer: unknown,
): z.output<Schema> {
  const result = z.safeParse(schema, answer);
  if (result.success) return result.data;
  const where = result.error.issues[0]?.path.join('.') ?? '';
  const detail =
    where === '' ? 'an answer of another form' : `an answer whose ${where.slice(0, 60)} has another form`;
  throw networkFailure(target, { kind: 'garbage', detail }, { writes: false, sent: true });
}
