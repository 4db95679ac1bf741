import { randomUUID } from 'node:crypto';
import { may, need, type Account } from './access.ts';
import { ApiFault, parameterFault } from './api-fault.ts';
import { checkConfigParameters, type Parameters } from './check-parameters.ts';
import { isConfigKey, ruleOf } from './config-keys.ts';
import { digestOf, jsonValue, parseConfigText, printConfigText, type ConfigText } from './config-text.ts';
import type { GuestStore } from './guest-store.ts';
import type { TaskEnd } from './tasks.ts';

/** What the stand-in of a node is told about its guests' life. */
export interface GuestSetup {
  readonly node: string;
  readonly store: GuestStore;
  /** Tags that only Sys.Modify on `/` may change (datacenter.cfg, registered-tags). */
  readonly registeredTags?: readonly string[];
  /** What a start does; absent: QEMU runs at once. */
  readonly start?: (vmid: number) => Promise<TaskEnd>;
  /** Identifiers and seconds of VMs that are created. */
  readonly newId?: () => string;
  readonly seconds: () => number;
}

/** Keys that a running VM gets at once (Q:4593-4607, `$fast_plug_option`). */
const AT_ONCE = new Set(
  'description hookscript lock migrate_downtime migrate_speed name onboot protection shares startup tags'.split(
    ' ',
  ),
);
const BESIDE = new Set(['delete', 'revert', 'digest', 'skiplock', 'force', 'background_delay']);
const CONFIG_PRIVILEGES = 'Disk CDROM CPU Memory Network HWType Options Cloudinit'
  .split(' ')
  .map(name => `VM.Config.${name}`);
/** Zero counters of a VM that moves no data. */
const QUIET = { cpu: 0, mem: 0, disk: 0, maxdisk: 0, netin: 0, netout: 0, memhost: 0 };
const PRESSURES = { pressurecpusome: 0, pressurecpufull: 0, pressureiosome: 0, pressureiofull: 0 };

/** The VMs of a node behind the API: configs, pending changes, lists, start and stop. */
export class Guests {
  readonly #setup: GuestSetup;
  readonly #running = new Map<number, { readonly pid: number; readonly since: number }>();
  #pid = 6263;

  constructor(setup: GuestSetup) {
    this.#setup = setup;
  }

  config(account: Account, vmid: number, current: boolean): object {
    need(account, `/vms/${vmid}`, ['VM.Audit']);
    const { text, config } = this.#load(vmid);
    const values = current ? config.current : withPending(config).current;
    return { ...json(values), ...describing(config), digest: digestOf(text) };
  }

  pending(account: Account, vmid: number): object[] {
    need(account, `/vms/${vmid}`, ['VM.Audit']);
    const { text, config } = this.#load(vmid);
    const values = { ...json(config.current), ...describing(config), digest: digestOf(text) };
    const rows = Object.entries(values).map(([key, value]) => ({
      key,
      value,
      ...(config.pending.has(key) && { pending: jsonValue(key, config.pending.get(key)!) }),
      ...(config.pendingDeletes.includes(key) && { delete: 1 }),
    }));
    const fresh = [...config.pending].filter(([key]) => !(key in values));
    return [...rows, ...fresh.map(([key, value]) => ({ key, pending: jsonValue(key, value) }))];
  }

  list(account: Account, full: boolean): object[] {
    return this.#visible(account).map(vmid => this.#row(vmid, full));
  }

  resources(account: Account): object[] {
    return this.#visible(account).map(vmid => {
      const tags = this.#load(vmid).config.current.get('tags');
      const { node } = this.#setup;
      // Without statistics of pvestatd: status unknown, as recorded.
      return {
        id: `qemu/${vmid}`,
        type: 'qemu',
        vmid,
        node,
        status: 'unknown',
        ...(tags !== undefined && { tags }),
      };
    });
  }

  status(account: Account, vmid: number): object {
    need(account, `/vms/${vmid}`, ['VM.Audit']);
    this.#load(vmid);
    return { ...this.#row(vmid, true), ha: { managed: 0 } };
  }

  create(account: Account, vmid: number, parameters: Parameters): void {
    need(account, `/vms/${vmid}`, ['VM.Allocate']);
    const { store, seconds, newId = randomUUID } = this.#setup;
    const { description = null } = parameters;
    const values = Object.fromEntries(
      Object.entries(parameters).filter(([key]) => key !== 'vmid' && key !== 'description'),
    );
    checkConfigParameters({ ...values, ...(description !== null && { description }) });
    if (store.read(vmid) !== null)
      throw new ApiFault(
        500,
        `unable to create VM ${vmid} - VM ${vmid} already exists on node '${this.#setup.node}'\n`,
      );
    const current = new Map(Object.entries(values));
    current.set('meta', `creation-qemu=10.0.13,ctime=${seconds()}`);
    current.set('vmgenid', newId());
    current.set('smbios1', `uuid=${newId()}`);
    if (!current.has('boot')) current.set('boot', '');
    store.write(
      vmid,
      printConfigText({ description, current, pending: new Map(), pendingDeletes: [], sections: '' }),
    );
  }

  /** A config write, with or without digest. */
  update(account: Account, vmid: number, parameters: Parameters): Promise<void> {
    need(account, `/vms/${vmid}`, CONFIG_PRIVILEGES);
    checkConfigParameters(parameters);
    const deletes = (parameters['delete'] ?? '').split(/[,;\s]+/).filter(key => key !== '');
    const reverts = (parameters['revert'] ?? '').split(/[,;\s]+/).filter(key => key !== '');
    const values = new Map(Object.entries(parameters).filter(([key]) => !BESIDE.has(key)));
    for (const key of deletes) {
      if (!isConfigKey(key)) throw parameterFault({ delete: `unknown option '${key}'` });
      if (values.has(key))
        throw parameterFault({ delete: `you can't use '-${key}' and -delete ${key}' at the same time` });
    }
    if (parameters['skiplock'] === '1' && account.id !== 'root@pam')
      throw parameterFault({ skiplock: 'Only root may use this option.' });
    if (values.size + deletes.length + reverts.length === 0)
      throw new ApiFault(500, 'no options specified\n');
    this.#checkKeys(account, vmid, [...deletes, ...values.keys()]);
    const hookscript = values.get('hookscript');
    const fault = hookscript === undefined ? null : this.#setup.store.hookscriptFault(hookscript);
    if (fault !== null) throw new ApiFault(500, fault);
    return this.#setup.store.withLock(vmid, () => {
      const { text, config } = this.#load(vmid);
      const { digest } = parameters;
      if (digest !== undefined && digest !== digestOf(text))
        throw new ApiFault(500, 'checksum mismatch (file change by other user?)\n');
      const lock = config.current.get('lock');
      if (lock !== undefined && parameters['skiplock'] !== '1')
        throw new ApiFault(500, `VM is locked (${lock})\n`);
      this.#checkTags(account, config, values.get('tags'), deletes);
      const changed = changedConfig(config, { values, deletes, reverts }, this.#running.has(vmid));
      this.#setup.store.write(vmid, printConfigText(changed));
    });
  }

  async start(vmid: number): Promise<TaskEnd> {
    if (this.#running.has(vmid)) return { log: [], error: `VM ${vmid} already running` };
    const { config } = this.#load(vmid);
    if (config.pending.size + config.pendingDeletes.length > 0)
      this.#setup.store.write(vmid, printConfigText(withPending(config)));
    const end = (await this.#setup.start?.(vmid)) ?? { log: [], error: null };
    if (end.error === null) this.setRunning(vmid, true);
    return end;
  }

  stop(vmid: number): TaskEnd {
    this.setRunning(vmid, false);
    const { config } = this.#load(vmid);
    if (config.pending.size + config.pendingDeletes.length > 0)
      this.#setup.store.write(vmid, printConfigText(withPending(config)));
    return { log: [], error: null };
  }

  destroy(vmid: number): TaskEnd {
    if (this.#running.has(vmid)) return { log: [], error: `VM ${vmid} is running - destroy failed` };
    this.#setup.store.remove(vmid);
    return { log: [], error: null };
  }

  setRunning(vmid: number, runs: boolean): void {
    this.#pid += 17;
    if (runs) this.#running.set(vmid, { pid: this.#pid, since: this.#setup.seconds() });
    else this.#running.delete(vmid);
  }

  /** Throws what the server answers for a VM that this node does not have (recorded: 999). */
  mustExist(vmid: number): void {
    this.#load(vmid);
  }

  #load(vmid: number): { readonly text: string; readonly config: ConfigText } {
    const text = this.#setup.store.read(vmid);
    if (text === null)
      throw new ApiFault(
        500,
        `Configuration file 'nodes/${this.#setup.node}/qemu-server/${vmid}.conf' does not exist\n`,
      );
    return { text, config: parseConfigText(text) };
  }

  #visible(account: Account): number[] {
    return this.#setup.store.list().filter(vmid => may(account, `/vms/${vmid}`, ['VM.Audit']));
  }

  #row(vmid: number, full: boolean): object {
    const { current } = this.#load(vmid).config;
    const running = this.#running.get(vmid);
    const status = running === undefined ? 'stopped' : 'running';
    const memory = Number((current.get('memory') ?? '512').replace(/^current=/, ''));
    return {
      ...QUIET,
      vmid,
      status,
      name: current.get('name') ?? `VM ${vmid}`,
      cpus: Number(
        current.get('vcpus') ?? Number(current.get('sockets') ?? 1) * Number(current.get('cores') ?? 1),
      ),
      maxmem: memory * 1024 * 1024,
      uptime: running === undefined ? 0 : this.#setup.seconds() - running.since,
      ...(current.has('tags') && { tags: current.get('tags') }),
      ...(full && { qmpstatus: status }),
      ...(full &&
        running !== undefined && {
          pid: running.pid,
          ...PRESSURES,
          pressurememorysome: 0,
          pressurememoryfull: 0,
        }),
    };
  }

  /** `check_vm_modify_config_perm`: root@pam alone passes unseen, its tokens do not. */
  #checkKeys(account: Account, vmid: number, keys: readonly string[]): void {
    if (account.id === 'root@pam') return;
    for (const key of keys) {
      const privilege = ruleOf(key)!.privilege;
      if (privilege === undefined) throw new ApiFault(500, `only root can set '${key}' config\n`);
      need(account, `/vms/${vmid}`, [privilege]);
      if (key === 'startup') need(account, '/', ['Sys.Modify']);
    }
  }

  /** `assert_tag_permissions` (PVE/GuestHelpers.pm:314): each tag that comes or goes. */
  #checkTags(
    account: Account,
    config: ConfigText,
    wanted: string | undefined,
    deletes: readonly string[],
  ): void {
    if ((wanted === undefined && !deletes.includes('tags')) || may(account, '/', ['Sys.Modify'])) return;
    const before = tagsOf(config.current.get('tags'));
    const after = tagsOf(wanted);
    const changed = [...before, ...after].filter(tag => before.has(tag) !== after.has(tag));
    const refused = changed.find(tag => this.#setup.registeredTags?.includes(tag));
    if (refused !== undefined)
      throw new ApiFault(403, `Permission check failed (/, Sys.Modify for modifying tag '${refused}')\n`);
  }
}

interface Wanted {
  readonly values: ReadonlyMap<string, string>;
  readonly deletes: readonly string[];
  readonly reverts: readonly string[];
}

/** What a write leaves: everything goes to [PENDING] first, and from there at once where nothing runs or it may. */
function changedConfig(config: ConfigText, { values, deletes, reverts }: Wanted, runs: boolean): ConfigText {
  const description =
    values.get('description') ?? (deletes.includes('description') ? null : config.description);
  const current = new Map(config.current);
  const pending = new Map(config.pending);
  const pendingDeletes = new Set(config.pendingDeletes);
  for (const key of [...reverts, ...values.keys(), ...deletes]) {
    pending.delete(key);
    pendingDeletes.delete(key);
  }
  for (const [key, value] of values) {
    if (key === 'description') continue;
    const put = key === 'tags' ? [...tagsOf(value)].join(';') : value;
    if (!runs || AT_ONCE.has(key)) current.set(key, put);
    else if (current.get(key) !== put) pending.set(key, put);
  }
  for (const key of deletes) {
    if (!runs || AT_ONCE.has(key)) current.delete(key);
    else if (current.has(key)) pendingDeletes.add(key);
  }
  return { ...config, description, current, pending, pendingDeletes: [...pendingDeletes] };
}

/** The config as it is once everything pending holds. */
function withPending(config: ConfigText): ConfigText {
  const current = new Map([...config.current, ...config.pending]);
  for (const key of config.pendingDeletes) current.delete(key);
  return { ...config, current, pending: new Map(), pendingDeletes: [] };
}

function json(values: ReadonlyMap<string, string>): Record<string, string | number> {
  return Object.fromEntries([...values].map(([key, value]) => [key, jsonValue(key, value)]));
}

function describing({ description }: ConfigText): object {
  return description === null ? {} : { description };
}

/** `get_unique_tags`: lower case, sorted, each once, where datacenter.cfg says nothing else. */
function tagsOf(text: string | undefined): Set<string> {
  const tags = (text ?? '').split(/[;,\s]+/).filter(tag => tag !== '');
  return new Set(tags.map(tag => tag.toLowerCase()).sort());
}
