import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guestControl } from '../../adapters/control/guest-control.ts';
import { openTreeNode } from '../../adapters/embedded/tree-node.ts';
import { fileLock } from '../../adapters/ledger/file-lock.ts';
import { ledgerStore } from '../../adapters/ledger/ledger-store.ts';
import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { Ledger } from '../../domain/ledger.ts';
import type { PlacementRequest } from '../../domain/placement-request.ts';
import { readRequest } from '../../engine/request/read-request.ts';
import { readProcessId } from '../../formats/proc/process-id.ts';
import { readResidence } from '../../formats/proc/memory-residence.ts';
import { readQemuProcesses } from '../../formats/proc/qemu-processes.ts';
import { readQemuThreads } from '../../formats/proc/qemu-threads.ts';
import { readScopeDropIn, scopeDropInPath } from '../../formats/systemd/scope-drop-in.ts';
import { bundleHook, ProxmoxTree } from '../../testing/proxmox-tree.ts';
import type { NodePort } from '../ports.ts';
import { reconcile, type ReconcileTools } from '../reconcile/reconcile.ts';
import { applySteps } from './apply-steps.ts';
import { finishSteps } from './finish-steps.ts';
import { planNode } from './plan-node.ts';
import type { RebalanceTools } from './rebalance-tools.ts';

jest.setTimeout(180_000);

const MODES = ['partition', 'fence'] as const;
type Mode = (typeof MODES)[number];
const MACHINE = {
  name: 'two-cells',
  sockets: 1,
  cellsPerSocket: 2,
  coresPerCell: 5,
  threadsPerCore: 1,
  memoryMiBPerCell: 4096,
  pools: [],
};
const OPTIONS = {
  'hw:cpu_policy': 'dedicated',
  'hw:numa_nodes': '1',
  'hw:emulator_threads_policy': 'share',
};
const POLICY = { strategy: 'pack', cpu_shared_set: '0,5', cpu_dedicated_set: '1-4,6-9' } as const;
const GROUPS = '/sys/fs/cgroup';
const hook = bundleHook();
const nodes = new Map<Mode | 'withheld', ProxmoxTree>();
const copies: string[] = [];
/** The node on which three guests have left two holes of two CPUs, and a fourth floats. */
let root: string;
let warnings: string[];

beforeAll(async () => {
  for (const mode of MODES) {
    const node = new ProxmoxTree(hook.path, MACHINE);
    nodes.set(mode, node);
    node.policy(
      {
        fast: { extra_specs: OPTIONS, on_refusal: 'strict' },
      },
      { ...POLICY, exclusivity: mode },
    );
    // Nobody placed it; who starts before the others is held off their CPUs.
    node.vm('300', { cores: 1, memory: 256, tags: '' });
    expect(await node.start('300')).toMatchObject({ started: true });
    for (const [vmid, cores] of [
      ['101', 1],
      ['102', 2],
      ['103', 1],
      ['104', 2],
    ] as const) {
      node.vm(vmid, { cores, memory: 256 });
      expect(await node.start(vmid)).toMatchObject({ started: true });
    }
    await node.stop('102');
  }
});
afterAll(async () => {
  for (const node of nodes.values()) await node.remove();
  for (const copy of copies) rmSync(copy, { recursive: true, force: true });
  hook.remove();
});

function copyOf(mode: Mode | 'withheld'): void {
  root = nodes.get(mode)!.root;
  root = snapshot();
  warnings = [];
}

const REQUEST: PlacementRequest = {
  kind: 'pinfold/request',
  version: 1,
  vm: '109',
  vcpus: 3,
  memoryMiB: 256,
  carrier: 'proxmox',
  extraSpecs: OPTIONS,
};

function newcomer(options: PlacementRequest['extraSpecs'] = {}) {
  const read = readRequest({ ...REQUEST, extraSpecs: { ...REQUEST.extraSpecs, ...options } });
  if (!read.ok) throw new Error(read.error.summary);
  return read.spec;
}

/** A process of no machine. */
const DEAD = '999999999:1';

function toolsOn(node: NodePort, owner = '999999998:1'): RebalanceTools {
  return {
    node,
    ledger: ledgerStore({ node, folder: '/run/pinfold', root }),
    domains: null,
    control: guestControl({ node, uri: 'qemu:///system', scratch: '/run/pinfold' }),
    exclusivity: {
      node,
      lock: fileLock(`${root}/run/pinfold/cgroup-lock`),
      stateFile: '/run/pinfold/exclusivity.json',
    },
    setMetadata: () => Promise.resolve(null),
    warn: sentence => warnings.push(sentence),
    policy: POLICY,
    owner,
  };
}

async function rebalance(tools: RebalanceTools) {
  await finishSteps(tools);
  const plan = await planNode(tools, tools.ledger.read().ledger, { newcomer: newcomer() });
  expect(plan.refusal).toBeNull();
  return applySteps(tools, plan.steps);
}

function reconcileTools(node: NodePort): ReconcileTools {
  const tools = toolsOn(node);
  const domains = {
    dumpXml: () => Promise.resolve(null),
    migratableXml: () => Promise.resolve(null),
    savedXml: () => Promise.resolve(null),
    replaceSavedXml: () => Promise.resolve('no libvirt'),
    pinVcpu: () => Promise.resolve('no libvirt'),
    pinEmulator: () => Promise.resolve('no libvirt'),
    pinIothread: () => Promise.resolve('no libvirt'),
  };
  return {
    ...tools,
    domains,
    control: guestControl({ node, uri: 'qemu:///system', scratch: '/run/pinfold' }),
    turn: { acquire: () => Promise.resolve(() => undefined) },
    stateFolder: '/run/pinfold',
    now: () => 1_700_000_000,
  };
}

/** The node, told before each of its effects. */
function watched(node: NodePort, before: () => void): NodePort {
  return {
    ...node,
    run(argv, options) {
      before();
      return node.run(argv, options);
    },
    writeAtomically(path, text, mode) {
      before();
      node.writeAtomically(path, text, mode);
    },
    remove(path) {
      before();
      node.remove(path);
    },
    writeInPlace(path, text) {
      before();
      return node.writeInPlace(path, text);
    },
    makeFolder(path) {
      before();
      return node.makeFolder(path);
    },
    removeFolder(path) {
      before();
      return node.removeFolder(path);
    },
  };
}

/** A copy of the node as it is now, as it stays when whoever changes it dies in this moment. */
function snapshot(): string {
  const copy = mkdtempSync(join(tmpdir(), 'pinfold-moved-'));
  copies.push(copy);
  cpSync(root, copy, { recursive: true });
  return copy;
}

const files = () => openTreeNode(root).files;
const ledger = () => JSON.parse(files().read('/run/pinfold/ledger.json')!) as Ledger;
const cpus = (text: string | null) => parseCpuList((text ?? '').trim());

interface Live {
  readonly vcpus: readonly CpuSet[];
  readonly others: CpuSet;
  readonly cells: readonly number[];
}

function live(): ReadonlyMap<string, Live> {
  const tree = files();
  return new Map(
    readQemuProcesses(tree).map(({ name, pid }) => {
      const threads = readQemuThreads(tree, pid);
      const of = (isVcpu: boolean) =>
        threads.filter(({ role }) => (role === 'vcpu') === isVcpu).map(({ allowed }) => allowed);
      const maps = readResidence(tree.read(`/proc/${pid}/numa_maps`) ?? '');
      return [
        name,
        {
          vcpus: of(true),
          others: CpuSet.union(of(false)),
          cells: maps.filter(({ mib }) => mib > 0).map(({ cell }) => cell),
        },
      ];
    }),
  );
}

/** What may not be at any moment: two dedicated vCPUs on one CPU, or a thread or page outside of its guest's claim. */
function faults(): readonly string[] {
  const found: string[] = [];
  const owner = new Map<number, string>();
  const { entries } = ledger();
  for (const [vm, { vcpus, cells }] of live()) {
    const claim = entries.find(entry => entry.vm === vm && entry.placement !== null)?.claim;
    if (claim === undefined) continue;
    const held = CpuSet.union(claim.cells.map(({ pcpus }) => parseCpuList(pcpus)));
    for (const cell of cells)
      if (!claim.cells.some(({ hostCell }) => hostCell === cell)) found.push(`${vm} has memory on ${cell}`);
    for (const set of vcpus) {
      if (set.size !== 1 || !set.isSubsetOf(held) || owner.has(set.first!))
        found.push(`CPU ${set.toString()} of ${vm} and ${owner.get(set.first!)}`);
      owner.set(set.first!, vm);
    }
  }
  return found;
}

/** What may not be when the work is done, besides: anybody else on dedicated CPUs, or a scope that says something else. */
function unfinished(mode: Mode): readonly string[] {
  const found = [...faults()];
  const tree = files();
  const guests = live();
  for (const { vm, step, claim, placement } of ledger().entries) {
    if (step !== undefined) found.push(`${vm} is still being changed`);
    if (placement === null) continue;
    const { vcpus, cells } = guests.get(vm)!;
    const own = CpuSet.union(vcpus);
    for (const [other, threads] of guests)
      if (other !== vm && CpuSet.union([...threads.vcpus, threads.others]).intersects(own))
        found.push(`${other} may run on CPUs ${own.toString()} of ${vm}`);
    if (cells.join(',') !== placement.nodeset) found.push(`${vm} has memory on cells ${cells.join(',')}`);
    const scope = `${GROUPS}/qemu.slice/${vm}.scope`;
    const dropIn = readScopeDropIn(tree.read(scopeDropInPath(vm)) ?? '');
    if (JSON.stringify(dropIn?.entry.placement) !== JSON.stringify(placement))
      found.push(`the drop-in of ${vm} says another place`);
    if (JSON.stringify(dropIn?.entry.claim.cells) !== JSON.stringify(claim.cells) || dropIn?.entry.step)
      found.push(`the drop-in of ${vm} says another claim`);
    if (dropIn?.settings.allowedCells !== placement.nodeset) found.push(`the drop-in of ${vm} says cells`);
    const all = own.union(guests.get(vm)!.others).toString();
    if (mode === 'partition') {
      const state = tree.read(`${scope}/vcpus/cpuset.cpus.partition`)?.trim();
      const held = cpus(tree.read(`${scope}/vcpus/cpuset.cpus.exclusive`));
      if (state !== 'root' || !held.equals(own)) found.push(`${vm} has no partition of its CPUs`);
    } else if (
      cpus(tree.read(`${scope}/cpuset.cpus`)).toString() !== all ||
      dropIn?.settings.allowedCpus !== all
    )
      found.push(`the scope of ${vm} is not held to ${all}`);
  }
  return found;
}

describe.each(MODES)('with dedicated CPUs kept by a %s', mode => {
  test('room is made by moving a guest with its memory, and its new CPUs are its own', async () => {
    copyOf(mode);
    expect(unfinished(mode)).toEqual([]);
    const before = live();
    expect(await rebalance(toolsOn(openTreeNode(root)))).toMatchObject({ failure: null });
    expect(unfinished(mode)).toEqual([]);
    const moved = [...live()].filter(([vm, { cells }]) => before.get(vm)!.cells.join() !== cells.join());
    expect(moved.map(([vm]) => vm)).toEqual([expect.stringMatching(/^10[13]$/)]);
    expect(warnings).toEqual([]);
    expect((await reconcile(reconcileTools(openTreeNode(root)))).document).toMatchObject({ drift: [] });
  });

  test('whenever it dies, only valid states are left, and the next rebalance or reconcile finishes the work', async () => {
    copyOf(mode);
    const left: string[] = [];
    const node = watched(openTreeNode(root), () => left.push(snapshot()));
    expect(await rebalance(toolsOn(node, DEAD))).toMatchObject({ failure: null });
    const finishedBy = { rebalance: 0, reconcile: 0 };
    for (const [effect, copy] of left.entries()) {
      root = copy;
      const begun = ledger().entries.some(({ step }) => step !== undefined);
      if (!begun) continue;
      expect([effect, faults()]).toEqual([effect, []]);
      if (effect % 2 === 0) {
        const { document, warnings: told } = await reconcile(reconcileTools(openTreeNode(root)));
        expect([effect, document.drift.filter(({ repair }) => repair !== 'done')]).toEqual([effect, []]);
        expect(told).toEqual([expect.stringMatching(/^A rebalance had been interrupted; its change of 10/)]);
        finishedBy.reconcile += 1;
      } else {
        const end = await finishSteps(toolsOn(openTreeNode(root)));
        expect([effect, end]).toEqual([effect, { done: [expect.stringMatching(/^10/)], left: [] }]);
        finishedBy.rebalance += 1;
      }
      expect([effect, unfinished(mode)]).toEqual([effect, []]);
    }
    expect(finishedBy.rebalance).toBeGreaterThan(5);
    expect(finishedBy.reconcile).toBeGreaterThan(5);
  });

  test("a change that is refused half way is taken back, and the old CPUs are the guest's own again", async () => {
    copyOf(mode);
    const node = openTreeNode(root);
    const tools = toolsOn(node);
    const placements = () =>
      ledger().entries.flatMap(({ vm, claim, placement }) =>
        placement === null ? [] : [[vm, claim, placement]],
      );
    const before = placements();
    const control = { ...tools.control, moveMemory: () => Promise.resolve('no memory moves today') };
    const { done, failure } = await rebalance({ ...tools, control });
    expect([done, failure]).toEqual([
      0,
      expect.stringMatching(
        /^10\d could not be changed \(no memory moves today\), and it is where it was\.$/,
      ),
    ]);
    expect(placements().sort()).toEqual(before.sort());
    expect(unfinished(mode)).toEqual([]);
  });

  test('reconcile leaves a guest alone that a living rebalance is changing', async () => {
    copyOf(mode);
    const owner = readProcessId(files(), process.pid)!;
    const node = openTreeNode(root);
    const tools = toolsOn(node, owner);
    const stop = () => Promise.reject(new Error('not yet'));
    await rebalance({ ...tools, control: { ...tools.control, moveMemory: stop } }).catch(() => undefined);
    const { vm } = ledger().entries.find(({ step }) => step !== undefined)!;
    const entry = () => ledger().entries.find(one => one.vm === vm);
    const held = () => [files().read('/run/pinfold/exclusivity.json'), live().get(vm), entry()];
    const before = held();
    const { document, warnings: told } = await reconcile(reconcileTools(node));
    expect([document.changes, told, held()]).toEqual([[], [], before]);
  });
});

test('a guest whose partition keeps its own emulator off its CPUs is no drift, and is moved as well', async () => {
  const tree = new ProxmoxTree(hook.path, MACHINE);
  nodes.set('withheld', tree);
  tree.policy(
    { fast: { extra_specs: { 'hw:cpu_policy': 'dedicated', 'hw:numa_nodes': '1' } } },
    { ...POLICY, exclusivity: 'partition' },
  );
  for (const vmid of ['101', '102', '103', '104']) {
    tree.vm(vmid, { cores: vmid === '101' || vmid === '103' ? 1 : 2, memory: 256 });
    expect(await tree.start(vmid)).toMatchObject({ started: true });
  }
  await tree.stop('102');
  copyOf('withheld');
  const node = openTreeNode(root);
  const isOff = () => [...live()].every(([, { vcpus, others }]) => !CpuSet.union(vcpus).intersects(others));
  expect(isOff()).toBe(true);
  expect((await reconcile(reconcileTools(node))).document).toMatchObject({ drift: [], changes: [] });
  expect((await planNode(toolsOn(node), ledger(), { newcomer: null })).fixed).toEqual([]);
  const before = live();
  const tools = toolsOn(node);
  const plan = await planNode(tools, ledger(), { newcomer: newcomer() });
  expect([plan.refusal, await applySteps(tools, plan.steps)]).toMatchObject([null, { failure: null }]);
  expect([...live()].some(([vm, { cells }]) => before.get(vm)!.cells.join() !== cells.join())).toBe(true);
  expect([isOff(), faults()]).toEqual([true, []]);
  expect((await reconcile(reconcileTools(node))).document).toMatchObject({ drift: [] });
});

test('no room is made for a guest that Proxmox VE could not start as it wishes', async () => {
  copyOf('fence');
  const asked = { newcomer: newcomer({ 'hw:locked_memory': 'true', 'hw:mem_page_size': 'any' }) };
  const tools = toolsOn(openTreeNode(root));
  await expect(planNode(tools, ledger(), asked)).rejects.toMatchObject({
    code: 'carrier-cannot',
    message: expect.stringMatching(/^Proxmox VE cannot lock the memory of a guest/) as string,
  });
});
