import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guestControl } from '../adapters/control/guest-control.ts';
import { holdTree } from '../adapters/embedded/tree-lock.ts';
import { openTreeNode } from '../adapters/embedded/tree-node.ts';
import { fileLock } from '../adapters/ledger/file-lock.ts';
import { ledgerStore } from '../adapters/ledger/ledger-store.ts';
import { virsh } from '../adapters/libvirt/virsh.ts';
import { virshMetadata } from '../adapters/libvirt/virsh-metadata.ts';
import { writeTree } from '../adapters/local/write-tree.ts';
import { deploy } from '../app/opennebula/deploy.ts';
import type { DriverAnswer, DriverCall } from '../app/opennebula/driver-call.ts';
import { applySteps, type Applied, type Progress } from '../app/rebalance/apply-steps.ts';
import { planNode, type NodePlan, type PlanAsked } from '../app/rebalance/plan-node.ts';
import type { RebalanceTools } from '../app/rebalance/rebalance-tools.ts';
import { previewReconcile, reconcile, type ReconcileEnd } from '../app/reconcile/reconcile.ts';
import type { LedgerStore, NodeLock } from '../app/ports.ts';
import type { Ledger } from '../domain/ledger.ts';
import { parseLedger } from '../formats/ledger/parse-ledger.ts';
import { readProcessId } from '../formats/proc/process-id.ts';
import { readQemuProcesses } from '../formats/proc/qemu-processes.ts';
import { readQemuThreads } from '../formats/proc/qemu-threads.ts';
import { namedMachine, type MachineName } from '../machines/named-machines.ts';
import { renderMachine } from '../machines/render-machine.ts';

const STATE = '/run/pinfold';
const URI = 'qemu:///system';

/** A guest that is started through the driver call of OpenNebula. */
export interface PlacedGuestWish {
  readonly vcpus: number;
  /** vCPUs that can be plugged in, those of the start included. */
  readonly maxVcpus?: number;
  readonly iothreads?: number;
  readonly memoryMiB?: number;
  /** The PINFOLD section; null = a VM without policy. */
  readonly pinfold: Readonly<Record<string, string>> | null;
}

function processLock(): NodeLock {
  let isHeld = false;
  return {
    acquire: () => {
      if (isHeld) return Promise.reject(new Error('this process holds the lock already'));
      isHeld = true;
      return Promise.resolve(() => {
        isHeld = false;
      });
    },
  };
}

/** A made-up node in a folder of its own, with guests that were started through the real hook's code. */
export class PlacedNode {
  readonly root = mkdtempSync(join(tmpdir(), 'pinfold-placed-'));
  readonly node: ReturnType<typeof openTreeNode>;
  /** Seconds since the epoch, as reconcile is told. */
  seconds = 1_700_000_000;

  readonly #giveBack: () => void;
  readonly #locks: Record<'ledger' | 'turn' | 'cgroup', NodeLock>;

  /**
   * `process`: locks that hold within this process alone, for whoever starts thousands of guests one after the other; a lock of
   * the kernel costs a process (flock(1)) each time. Taken while it is held, such a lock throws at once.
   */
  constructor(machine: MachineName, locks: 'kernel' | 'process' = 'kernel') {
    writeTree(renderMachine(namedMachine(machine)), this.root);
    this.node = openTreeNode(this.root);
    const { node, root } = this;
    this.#giveBack = locks === 'process' ? holdTree(root) : () => undefined;
    this.#locks =
      locks === 'process'
        ? { ledger: processLock(), turn: processLock(), cgroup: processLock() }
        : {
            ledger: ledgerStore({ node, folder: STATE, root }),
            turn: fileLock(`${root}${STATE}/reconcile.lock`, 0),
            cgroup: fileLock(`${root}${STATE}/cgroup-lock`),
          };
  }

  remove(): void {
    this.#giveBack();
    rmSync(this.root, { recursive: true, force: true });
  }

  put(path: string, text: string): void {
    this.node.writeAtomically(path, text);
  }

  read(path: string): string {
    return this.node.files.read(path) ?? '';
  }

  /** Replaces text in a file that must hold it. */
  edit(path: string, from: RegExp | string, to: string): void {
    const text = this.read(path);
    const edited = text.replace(from, to);
    if (edited === text) throw new Error(`${path} holds no ${String(from)}`);
    this.put(path, edited);
  }

  call(action: string, args: readonly string[], stdin = ''): DriverCall {
    const { node } = this;
    return {
      action,
      args,
      stdin,
      hasSection: false,
      node,
      ledger: this.store(),
      domains: virsh(node, URI, STATE),
      owner: readProcessId(node.files, process.pid) ?? `${process.pid}:0`,
      folders: {
        stock: '/var/tmp/one/vmm/kvm',
        policy: '/var/tmp/one/etc/vmm/kvm/pinfold',
        state: STATE,
      },
      migration: {
        toHost: () => Promise.reject(new Error('no other host')),
        fromSource: () => Promise.reject(new Error('no other host')),
        environment: () => Promise.resolve({}),
        answerMs: 5_000,
      },
      at: () => undefined,
    };
  }

  policy(yaml: string): void {
    this.put('/var/tmp/one/etc/vmm/kvm/pinfold/policy.yaml', yaml);
  }

  /** Starts a guest; `call` changes what the hook is called with. */
  async start(id: number, guest: PlacedGuestWish, call: Partial<DriverCall> = {}): Promise<DriverAnswer> {
    const folder = `/var/lib/one//datastores/0/${id}`;
    const { pinfold, vcpus, maxVcpus = vcpus, iothreads = 0, memoryMiB = 512 } = guest;
    const pairs = Object.entries(pinfold ?? {}).map(([key, value]) => `<${key}>${value}</${key}>`);
    const section = pinfold === null ? '' : `<PINFOLD>${pairs.join('')}</PINFOLD>`;
    this.put(
      `${folder}/vm.xml`,
      `<VM><ID>${id}</ID><NAME>g</NAME><TEMPLATE/><USER_TEMPLATE>${section}</USER_TEMPLATE></VM>`,
    );
    const current = maxVcpus === vcpus ? '' : ` current='${vcpus}'`;
    const xml = `<domain type='kvm'><name>one-${id}</name><vcpu${current}>${maxVcpus}</vcpu>${iothreads === 0 ? '' : `<iothreads>${iothreads}</iothreads>`}<memory>${memoryMiB * 1024}</memory><os><type arch='x86_64'>hvm</type></os></domain>`;
    const args = [`${folder}/deployment.0`, 'host', `${id}`, 'host'];
    return deploy({ ...this.call('deploy', args, xml), ...call });
  }

  /** Starts a guest that must start. */
  async started(id: number, guest: PlacedGuestWish): Promise<void> {
    const { code, stderr } = await this.start(id, guest);
    if (code !== 0) throw new Error(stderr);
  }

  async virsh(...words: readonly string[]): Promise<void> {
    const { code, stderr } = await this.node.run(['virsh', ...words]);
    if (code !== 0) throw new Error(stderr);
  }

  ledger(): Ledger {
    const ledger = parseLedger(this.read(`${STATE}/ledger.json`));
    if (ledger === null) throw new Error('there is no ledger');
    return ledger;
  }

  entry(vm: string) {
    const found = this.ledger().entries.find(entry => entry.vm === vm);
    if (found === undefined) throw new Error(`${vm} is not in the ledger`);
    return found;
  }

  qemu(vm: string) {
    const found = readQemuProcesses(this.node.files).find(({ name }) => name === vm);
    if (found === undefined) throw new Error(`${vm} does not run`);
    return found;
  }

  threads(vm: string) {
    return readQemuThreads(this.node.files, this.qemu(vm).pid);
  }

  /** CPUs that each vCPU may run on, in the order of their numbers. */
  vcpus(vm: string): string[] {
    return this.threads(vm)
      .filter(({ role }) => role === 'vcpu')
      .sort((a, b) => a.index! - b.index!)
      .map(({ allowed }) => allowed.toString());
  }

  /** Sets a thread's mask behind everybody's back, without looking at cpusets. */
  setMask(vm: string, tid: number, cpus: string): void {
    const folder = `/proc/${this.qemu(vm).pid}/task/${tid}`;
    this.edit(`${folder}/status`, /^Cpus_allowed_list:.*$/m, `Cpus_allowed_list:\t${cpus}`);
  }

  /** Sets a thread's cpuset, and nothing else. */
  setCpuset(vm: string, tid: number, cpus: string): void {
    const group = /^0::(.*)$/m.exec(this.read(`/proc/${this.qemu(vm).pid}/task/${tid}/cgroup`))![1]!;
    this.put(`/sys/fs/cgroup${group}/cpuset.cpus`, `${cpus}\n`);
    this.put(`/sys/fs/cgroup${group}/cpuset.cpus.effective`, `${cpus}\n`);
  }

  private store(): LedgerStore {
    const { node, root } = this;
    const store = ledgerStore({ node, folder: STATE, root });
    return {
      acquire: () => this.#locks.ledger.acquire(),
      read: () => store.read(),
      write: ledger => {
        store.write(ledger);
      },
    };
  }

  private exclusivity() {
    const { node } = this;
    return {
      node,
      lock: this.#locks.cgroup,
      stateFile: `${STATE}/exclusivity.json`,
    };
  }

  private observer() {
    const { node, folders, domains, owner } = this.call('', []);
    return {
      node,
      domains,
      owner,
      stateFolder: folders.state,
      exclusivity: this.exclusivity(),
      now: () => this.seconds,
    };
  }

  private async policyNow() {
    const { loadPolicy } = await import('../app/load-policy.ts');
    const { hostPolicyOf } = await import('../domain/node-policy.ts');
    const reader = { ...this.node, writeAtomically: () => undefined };
    const { policy } = await loadPolicy(reader, this.call('', []).folders);
    return hostPolicyOf(policy);
  }

  async preview(): Promise<ReconcileEnd['document']> {
    const policy = await this.policyNow();
    return (await previewReconcile({ ...this.observer(), policy }, this.ledger())).document;
  }

  /** Plans a rebalance and takes its steps; `change` puts other tools in the place of the node's own. */
  async rebalance(
    asked: PlanAsked,
    {
      change = {},
      progress,
    }: { readonly change?: Partial<RebalanceTools>; readonly progress?: Progress } = {},
  ): Promise<NodePlan & Applied> {
    const { node } = this;
    const tools = {
      ...this.observer(),
      policy: await this.policyNow(),
      ledger: this.call('', []).ledger,
      control: guestControl({ node, uri: URI, scratch: STATE }),
      setMetadata: virshMetadata(node, URI),
      warn: () => undefined,
      ...change,
    };
    const made = await planNode(tools, this.ledger(), asked);
    return { ...made, ...(await applySteps(tools, made.steps, progress)) };
  }

  async reconcile(): Promise<ReconcileEnd['document']> {
    const { node } = this;
    const { document } = await reconcile({
      ...this.observer(),
      policy: await this.policyNow(),
      ledger: this.store(),
      control: guestControl({ node, uri: URI, scratch: STATE }),
      setMetadata: virshMetadata(this.node, URI),
      turn: this.#locks.turn,
    });
    return document;
  }
}
