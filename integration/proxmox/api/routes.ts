import { need, type Access, type Account } from './access.ts';
import { ApiFault, parameterFault } from './api-fault.ts';
import { checkNames, checkVmid, type Parameters } from './check-parameters.ts';
import type { Guests } from './guests.ts';
import { nodeStatus, type ListedDevice } from './node-facts.ts';
import type { SelfSigned } from './self-signed.ts';
import type { Tasks } from './tasks.ts';

/** One call: its path in decoded segments. */
export interface Call {
  readonly method: string;
  readonly path: readonly string[];
  readonly parameters: Parameters;
}

/** The node that answers. */
export interface ApiNode {
  readonly name: string;
  readonly tls: SelfSigned;
  readonly access: Access;
  readonly guests: Guests;
  readonly tasks: Tasks;
  readonly devices: readonly ListedDevice[];
  readonly registeredTags: readonly string[];
}

type Handler = (node: ApiNode, caller: Account, call: Call) => unknown;

/** Answers a call with the JSON body, or throws the refusal. `caller` throws when nobody known sent it. */
export async function answerCall(node: ApiNode, call: Call, caller: () => Account): Promise<object> {
  const { method, path, parameters } = call;
  if (method === 'POST' && path.join('/') === 'access/ticket') return { data: login(node, parameters) };
  const account = caller();
  const key = `${method} ${path.map((part, at) => patternOf(path, part, at)).join('/')}`;
  const handler = HANDLERS[key];
  if (handler === undefined)
    throw new ApiFault(501, `Method '${method} /${path.join('/')}' not implemented\n`);
  if (path[0] === 'nodes' && path[1] !== undefined && path[1] !== node.name) throw unknownNode(path[1]);
  const data: unknown = await handler(node, account, call);
  return data instanceof TotalledLog
    ? { total: data.lines.length, data: data.lines }
    : { data: data ?? null };
}

/** Recorded: a node that does not exist. */
function unknownNode(name: string): ApiFault {
  return new ApiFault(
    500,
    `hostname lookup '${name}' failed - failed to get address info for: ${name}: Name or service not known\n`,
  );
}

/** The variable segments of a path: node, VM, task. */
function patternOf(path: readonly string[], part: string, at: number): string {
  if (path[0] !== 'nodes') return part;
  if (at === 1) return '*';
  return at === 3 && (path[2] === 'qemu' || path[2] === 'tasks') ? '*' : part;
}

function login(node: ApiNode, { username, password }: Parameters): object {
  const missing = Object.entries({ username, password }).filter(([, value]) => value === undefined);
  if (missing.length > 0)
    throw parameterFault(
      Object.fromEntries(missing.map(([key]) => [key, 'property is missing and it is not optional'])),
    );
  return node.access.login(username!, password!);
}

class TotalledLog {
  readonly lines: readonly object[];
  constructor(lines: readonly object[]) {
    this.lines = lines;
  }
}

const vmidOf = (call: Call) => checkVmid(call.path[3]!);

/** A task about one VM that exists, for whoever has the privilege. */
function vmTask(
  kind: string,
  privilege: string,
  work: (node: ApiNode, vmid: number) => ReturnType<Guests['start']>,
): Handler {
  return (node, caller, call) => {
    // The permission is asked about the path as it came, before its parts are checked.
    need(caller, `/vms/${call.path[3]!}`, [privilege]);
    const vmid = vmidOf(call);
    node.guests.mustExist(vmid);
    return node.tasks.begin(kind, String(vmid), caller.id, () => work(node, vmid));
  };
}

const HANDLERS: Readonly<Record<string, Handler>> = {
  'GET version': () => ({ version: '9.1.99', release: '9.1' }),
  'GET nodes': node => [
    {
      id: `node/${node.name}`,
      node: node.name,
      type: 'node',
      status: 'unknown',
      ssl_fingerprint: node.tls.fingerprint,
    },
  ],
  'GET cluster/resources': (node, caller) => node.guests.resources(caller),
  'GET cluster/options': (node, caller) => {
    need(caller, '/', ['Sys.Audit']);
    return { 'allowed-tags': [], 'registered-tags': node.registeredTags };
  },
  'GET nodes/*/status': (node, caller) => {
    need(caller, `/nodes/${node.name}`, ['Sys.Audit']);
    return nodeStatus();
  },
  'GET nodes/*/hardware/pci': (node, caller) => {
    need(caller, '/', ['Sys.Audit', 'Sys.Modify']);
    return node.devices;
  },
  'GET nodes/*/qemu': (node, caller, { parameters }) => {
    checkNames(parameters, ['full']);
    return node.guests.list(caller, parameters['full'] === '1');
  },
  'POST nodes/*/qemu': (node, caller, { parameters }) => {
    const vmid = checkVmid(parameters['vmid'] ?? '');
    node.guests.create(caller, vmid, parameters);
    return node.tasks.begin('qmcreate', String(vmid), caller.id, () => ({ log: [], error: null }));
  },
  'DELETE nodes/*/qemu/*': vmTask('qmdestroy', 'VM.Allocate', (node, vmid) =>
    Promise.resolve(node.guests.destroy(vmid)),
  ),
  'GET nodes/*/qemu/*/config': (node, caller, call) =>
    node.guests.config(caller, vmidOf(call), call.parameters['current'] === '1'),
  'PUT nodes/*/qemu/*/config': (node, caller, call) =>
    node.guests.update(caller, vmidOf(call), call.parameters),
  'POST nodes/*/qemu/*/config': async (node, caller, call) => {
    const vmid = vmidOf(call);
    await node.guests.update(caller, vmid, call.parameters);
    return node.tasks.begin('qmconfig', String(vmid), caller.id, () => ({ log: [], error: null }));
  },
  'GET nodes/*/qemu/*/pending': (node, caller, call) => node.guests.pending(caller, vmidOf(call)),
  'GET nodes/*/qemu/*/status/current': (node, caller, call) => node.guests.status(caller, vmidOf(call)),
  'POST nodes/*/qemu/*/status/start': vmTask('qmstart', 'VM.PowerMgmt', (node, vmid) =>
    node.guests.start(vmid),
  ),
  'POST nodes/*/qemu/*/status/stop': vmTask('qmstop', 'VM.PowerMgmt', (node, vmid) =>
    Promise.resolve(node.guests.stop(vmid)),
  ),
  'GET nodes/*/tasks/*/status': (node, _, call) => node.tasks.status(call.path[3]!),
  'GET nodes/*/tasks/*/log': (node, _, call) =>
    new TotalledLog(node.tasks.log(call.path[3]!).map((line, index) => ({ n: index + 1, t: line }))),
};
