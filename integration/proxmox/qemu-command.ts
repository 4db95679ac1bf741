import { type HostCells, maximumVcpus, memoryArguments } from './memory-arguments.ts';
import type { ConfigSection } from './vm-config.ts';

/** Where PVE keeps what belongs to a running VM. */
export const RUN = '/var/run/qemu-server';

/**
 * QEMU's command line from a config (QemuServer.pm, config_to_command), as far as placement can see it; disks, nets and
 * displays are left out, `args` comes last and split at blanks. What carries facts:
 * - `-id VMID -name NAME,debug-threads=on` and the program's name `kvm`, by which a VM's threads are known;
 * - `taskset --cpu-list --all-tasks LIST` in front where the config has an `affinity` (Q:3202);
 * - `-pidfile` and `-daemonize`: when the command returns, QEMU runs;
 * - two monitors: one socket that serves one client at a time, and one that QEMU itself connects to qmeventd;
 * - `-no-shutdown`: a guest that powers off leaves a QEMU, which qmeventd ends.
 */
export function qemuCommand(vmid: string, config: ConfigSection, host: HostCells): string[] {
  const { settings } = config;
  const name = settings.get('name') ?? `VM ${vmid}`;
  const affinity = settings.get('affinity');
  const vcpus = maximumVcpus(config);
  const plugged = Number(settings.get('vcpus') ?? vcpus);
  return [
    ...(affinity === undefined ? [] : ['/usr/bin/taskset', '--cpu-list', '--all-tasks', affinity]),
    ...['/usr/bin/kvm', '-id', vmid, '-name', `${name},debug-threads=on`, '-no-shutdown'],
    ...[
      '-chardev',
      `socket,id=qmp,path=${RUN}/${vmid}.qmp,server=on,wait=off`,
      '-mon',
      'chardev=qmp,mode=control',
    ],
    ...['-chardev', 'socket,id=qmp-event,path=/var/run/qmeventd.sock,reconnect=5'],
    ...['-mon', 'chardev=qmp-event,mode=control', '-pidfile', `${RUN}/${vmid}.pid`, '-daemonize'],
    '-smp',
    `${plugged},sockets=${settings.get('sockets') ?? 1},cores=${settings.get('cores') ?? 1},maxcpus=${vcpus}`,
    ...['-nodefaults', '-vnc', `unix:${RUN}/${vmid}.vnc,password=on`],
    ...(settings.get('kvm') === '0'
      ? ['-machine', 'accel=tcg', '-cpu', settings.get('cpu') ?? 'qemu64']
      : ['-enable-kvm', '-cpu', 'host']),
    ...memoryArguments(config, host),
    ...(settings.get('args') ?? '').split(/\s+/).filter(Boolean),
  ];
}

/**
 * Properties of the VM's scope (QemuServer.pm, vm_start_nolock): QEMU alone is signalled when the unit stops, never
 * killed by systemd; cpuunits is the weight (100 by default on cgroup v2), cpulimit the quota in CPUs.
 */
export function scopeProperties({ settings }: ConfigSection): Record<string, string> {
  const limit = Number(settings.get('cpulimit') ?? 0);
  return {
    Slice: 'qemu.slice',
    KillMode: 'process',
    SendSIGKILL: 'no',
    TimeoutStopSec: 'infinity',
    CPUWeight: settings.get('cpuunits') ?? '100',
    ...(limit > 0 ? { CPUQuota: `${Math.round(limit * 100)}%` } : {}),
  };
}
