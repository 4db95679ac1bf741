import { readQemuThreads } from '../../formats/proc/qemu-threads.ts';
import type { Check } from './check-node.ts';
import type { ProxmoxGuest } from './proxmox-guests.ts';
import type { ProxmoxNode, ProxmoxTask } from './proxmox-node.ts';

/** Phases of a start and of a stop, in Proxmox VE's order. */
const ORDER: Readonly<Record<string, string>> = {
  start: 'pre-start, QEMU, post-start',
  stop: 'pre-stop, post-stop',
};

/**
 * Compares what runs on the Proxmox VE node with what was decided, from its /proc and cgroups alone: the guest that stays is
 * in place and its CPUs are withheld from everything else, the one that was stopped has left nothing.
 */
export function checkProxmox(
  pve: ProxmoxNode,
  tasks: readonly ProxmoxTask[],
  { running, stopped }: { readonly running: ProxmoxGuest; readonly stopped: ProxmoxGuest },
): readonly Check[] {
  return [
    ...tasks.map(task => check(`${task.command} does all in order`, taskFaults(task))),
    check(
      `QEMU of ${running.name} is born where it is to run`,
      bornFaults(tasks.find(({ guest }) => guest === running)),
    ),
    check(`each of ${running.name}'s ${running.vcpus} vCPU threads has its CPU`, vcpuFaults(pve, running)),
    check(`${running.name}'s guest cells have their memory`, memoryFaults(pve, running)),
    check(`${running.name}'s CPUs are a partition`, partitionFaults(pve, running)),
    check(`${stopped.name} leaves nothing behind`, leftovers(pve, stopped)),
  ];
}

function check(what: string, faults: readonly string[]): Check {
  return { what, fault: faults.length === 0 ? null : faults.join(', ') };
}

function taskFaults({ command, steps, error }: ProxmoxTask): string[] {
  const order = steps.map(({ what }) => what).join(', ');
  const wanted = ORDER[command.split(' ')[1] ?? ''];
  return [...(error === null ? [] : [error]), ...(order === wanted ? [] : [`it did ${order}`])];
}

function bornFaults(task: ProxmoxTask | undefined): string[] {
  const line = task?.steps.find(({ what }) => what === 'QEMU')?.lines[0] ?? 'nothing';
  const cells = task?.guest.hostCells ?? [];
  return line.endsWith(`of cells: ${cells[0]!}-${cells.at(-1)!}`) ? [] : [`it was ${line}`];
}

function vcpuFaults({ node, machine, ledger }: ProxmoxNode, { vmid, vcpus }: ProxmoxGuest): string[] {
  const pins = ledger().find(({ vm }) => vm === vmid)?.placement?.pins ?? {};
  const threads = readQemuThreads(node.files, machine.pidOf(vmid) ?? 0).filter(({ role }) => role === 'vcpu');
  const astray = threads.filter(({ index, allowed }) => allowed.toString() !== pins[String(index)]);
  const cpus = new Set(threads.map(({ allowed }) => allowed.toString()));
  if (threads.length !== vcpus || cpus.size !== vcpus)
    return [`${cpus.size} CPUs for ${threads.length} threads`];
  return astray.map(({ index, allowed }) => `vCPU ${index ?? '?'} is on ${allowed.toString()}`);
}

function memoryFaults({ node, machine }: ProxmoxNode, { vmid, hostCells }: ProxmoxGuest): string[] {
  const maps = (node.files.read(`/proc/${machine.pidOf(vmid) ?? 0}/numa_maps`) ?? '').trim().split('\n');
  const found = maps.map(line => [...line.matchAll(/ N(\d+)=/g)].map(([, cell]) => Number(cell)));
  return JSON.stringify(found) === JSON.stringify(hostCells.map(cell => [cell]))
    ? []
    : [`it lies on ${JSON.stringify(found)}`];
}

function partitionFaults({ node }: ProxmoxNode, { vmid }: ProxmoxGuest): string[] {
  const file = `/sys/fs/cgroup/qemu.slice/${vmid}.scope/vcpus/cpuset.cpus.partition`;
  const state = (node.files.read(file) ?? 'nothing').trim();
  return state === 'root' ? [] : [`the kernel says ${state}`];
}

function leftovers({ node, machine, ledger }: ProxmoxNode, { vmid }: ProxmoxGuest): string[] {
  return [
    ...(machine.pidOf(vmid) === null ? [] : ['it still runs']),
    ...(ledger().some(({ vm }) => vm === vmid) ? ['its claim is still held'] : []),
    ...(node.files.list(`/run/systemd/system/${vmid}.scope.d`).length === 0 ? [] : ['its drop-in is there']),
    ...(node.files.list('/sys/fs/cgroup/qemu.slice').includes(`${vmid}.scope`)
      ? ['its cgroup is there']
      : []),
  ];
}
