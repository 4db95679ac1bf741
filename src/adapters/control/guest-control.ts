import type { GuestControl, NodePort, PageReturn } from '../../app/ports.ts';
import { readQemuProcesses } from '../../formats/proc/qemu-processes.ts';
import { virshControl } from '../libvirt/virsh-control.ts';
import { processControl } from './process-control.ts';

/** Where libvirt is reached and where files lie during a call. */
export interface ControlPlace {
  readonly node: NodePort;
  readonly uri: string;
  readonly scratch: string;
}

/**
 * Live changes on any guest of a node, each by what it is: libvirt starts its QEMUs with `-uuid`, and their cgroups are
 * libvirt's own, so those change through libvirt; every other QEMU (Proxmox's has `-id`) is a plain process.
 */
export function guestControl({ node, uri, scratch }: ControlPlace): GuestControl & PageReturn {
  const libvirt = virshControl(node, uri, scratch);
  const plain = processControl(node);
  const of = (vm: string): GuestControl => {
    const qemu = readQemuProcesses(node.files).find(({ name }) => name === vm);
    return qemu === undefined || qemu.uuid === null ? plain : libvirt;
  };
  return {
    pinVcpu: (vm, vcpu, cpus) => of(vm).pinVcpu(vm, vcpu, cpus),
    pinEmulator: (vm, cpus) => of(vm).pinEmulator(vm, cpus),
    pinIothread: (vm, iothread, cpus) => of(vm).pinIothread(vm, iothread, cpus),
    moveMemory: (vm, cells) => of(vm).moveMemory(vm, cells),
    // libvirt has no call for it.
    returnPages: (vm, from, to) => plain.returnPages(vm, from, to),
  };
}
