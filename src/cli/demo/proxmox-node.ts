import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { configPath } from '../../../integration/proxmox/config-file.ts';
import type { PveMachine } from '../../../integration/proxmox/pve-machine.ts';
import { startVm } from '../../../integration/proxmox/start-vm.ts';
import { stopVm } from '../../../integration/proxmox/stop-vm.ts';
import { treeMachine } from '../../../integration/proxmox/tree-machine.ts';
import { openTreeNode } from '../../adapters/embedded/tree-node.ts';
import { writeTree } from '../../adapters/local/write-tree.ts';
import type { NodePort } from '../../app/ports.ts';
import { parseLedger } from '../../formats/ledger/parse-ledger.ts';
import type { LedgerEntry } from '../../domain/ledger.ts';
import { renderMachine } from '../../machines/render-machine.ts';
import { DEMO_MACHINE } from './demo-machine.ts';
import { PROXMOX_FILES, type ProxmoxGuest } from './proxmox-guests.ts';

/** One thing that happened in a start or a stop: a phase of the hook, or QEMU. */
export interface ProxmoxStep {
  readonly what: string;
  /** Lines of the task's log. */
  readonly lines: readonly string[];
  readonly milliseconds: number;
}

/** One task, as `qm` runs it. */
export interface ProxmoxTask {
  readonly command: string;
  readonly guest: ProxmoxGuest;
  readonly steps: readonly ProxmoxStep[];
  /** null when it went well. */
  readonly error: string | null;
}

/** A made-up node of Proxmox VE in a folder of its own. */
export interface ProxmoxNode {
  readonly root: string;
  readonly node: NodePort;
  readonly machine: PveMachine;
  start(guest: ProxmoxGuest): Promise<ProxmoxTask>;
  stop(guest: ProxmoxGuest): Promise<ProxmoxTask>;
  readonly ledger: () => readonly LedgerEntry[];
  remove(): void;
}

/** Makes the node in an empty folder; `hook` is the bundle that its snippet calls. The order of a task is Proxmox VE's, not ours. */
export function makeProxmoxNode(hook: string, root: string): ProxmoxNode {
  writeTree(renderMachine({ ...DEMO_MACHINE, name: 'demo-pve' }), root);
  const node = openTreeNode(root);
  for (const [path, text] of Object.entries(PROXMOX_FILES)) node.writeAtomically(path, text);
  chmodSync(join(root, '/var/lib/vz/snippets/pinfold'), 0o755);
  node.writeAtomically('/usr/share/pinfold/hook-proxmox.cjs', readFileSync(hook, 'utf8'));
  const machine = treeMachine({ root, name: node.name, hook, log: () => undefined });
  const task = async (
    guest: ProxmoxGuest,
    verb: string,
    work: (noted: PveMachine) => Promise<void>,
  ): Promise<ProxmoxTask> => {
    const steps: ProxmoxStep[] = [];
    const command = `qm ${verb} ${guest.vmid}`;
    try {
      await work(notedMachine(machine, node, steps));
      return { command, guest, steps, error: null };
    } catch (error) {
      return { command, guest, steps, error: error instanceof Error ? error.message : String(error) };
    }
  };
  return {
    root,
    node,
    machine,
    start(guest) {
      node.writeAtomically(configPath(node.name, guest.vmid), guest.config);
      return task(guest, 'start', noted => startVm(noted, guest.vmid, { migratedFrom: null }));
    },
    stop: guest =>
      task(guest, 'stop', noted =>
        stopVm(noted, guest.vmid, { shutdown: false, forceStop: true, timeoutSeconds: null }),
      ),
    ledger: () => parseLedger(node.files.read('/run/pinfold/ledger.json') ?? '')?.entries ?? [],
    remove() {
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** The machine, each of whose acts that a task log tells of is noted with its time. */
function notedMachine(machine: PveMachine, node: NodePort, steps: ProxmoxStep[]): PveMachine {
  const noted = async <T>(what: string, work: () => Promise<T>, tell: (end: T) => readonly string[]) => {
    const start = process.hrtime.bigint();
    const end = await work();
    const milliseconds = Math.round(Number(process.hrtime.bigint() - start) / 1e6);
    steps.push({ what, lines: tell(end), milliseconds });
    return end;
  };
  return {
    ...machine,
    hook: call =>
      noted(
        call.phase,
        () => machine.hook(call),
        ({ output }) => output.split('\n').filter(Boolean),
      ),
    launch: launch =>
      noted(
        'QEMU',
        () => machine.launch(launch),
        end => (end.code === 0 ? [bornLine(node, machine.pidOf(launch.vmid))] : [end.output.trim()]),
      ),
  };
}

/** Where QEMU is before post-start has touched it. */
function bornLine(node: NodePort, pid: number | null): string {
  const status = node.files.read(`/proc/${pid ?? 0}/status`) ?? '';
  const field = (name: string) => new RegExp(`^${name}:\\t(.*)$`, 'm').exec(status)?.[1] ?? '?';
  return `born on CPUs ${field('Cpus_allowed_list')}, with memory of cells: ${field('Mems_allowed_list')}`;
}
