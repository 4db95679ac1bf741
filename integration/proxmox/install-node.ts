import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { quickestNode } from '../kit/quick-node.ts';
import { mustRun, runProgram } from '../kit/run-program.ts';
import { ROOM } from './qm-words.ts';

const TIMEOUT_MS = 120_000;

/** Where PVE's program of this name is. */
const QM = '/usr/sbin/qm';

/**
 * Makes of a Debian with systemd and QEMU what a start on Proxmox VE needs:
 * - /etc/pve with this node's folder, as the cluster file system shows it (`local` and `qemu-server` are links);
 * - `qm`, `kvm` (so that QEMU's own thread has the name that it has there), and the storage `local` with its snippets;
 * - qemu.slice, qmeventd, and the two services that are loaded on every node (pve-guests, pve-ha-lrm): with units
 *   loaded, systemd has a cache of its unit paths, in which a new scope's drop-in folder is missing (reference of the nudge:
 *   systemd's src/core/unit.c);
 * - the mounts for huge pages.
 *
 * @param program the bundled stand-in of `qm`.
 * @param settings lines of shell in front of every call of it, e.g. an exported variable.
 */
export async function installPveNode(program: string, settings: readonly string[] = []): Promise<void> {
  const node = hostname();
  for (const folder of [`/etc/pve/nodes/${node}/qemu-server`, '/var/lib/vz/snippets', '/var/run/qemu-server'])
    mkdirSync(folder, { recursive: true });
  link(`nodes/${node}`, '/etc/pve/local');
  link('local/qemu-server', '/etc/pve/qemu-server');
  link('/usr/bin/qemu-system-x86_64', '/usr/bin/kvm');
  script(QM, ['#!/bin/sh', ...settings, `exec ${quickestNode()} ${program} "$@" ${ROOM}`]);
  const units = '/etc/systemd/system';
  put(`${units}/qemu.slice`, ['[Unit]', 'Description=QEMU VM', 'Before=slices.target']);
  put(`${units}/qmeventd.service`, ['[Service]', `ExecStart=${QM} qmeventd ${QM}`]);
  for (const name of ['pve-guests', 'pve-ha-lrm'])
    put(`${units}/${name}.service`, [
      '[Service]',
      'Type=oneshot',
      'RemainAfterExit=yes',
      'ExecStart=/bin/true',
    ]);
  await mustRun(['systemctl', 'daemon-reload'], { timeoutMs: TIMEOUT_MS });
  await mustRun(['systemctl', 'restart', 'qmeventd', 'pve-guests', 'pve-ha-lrm'], { timeoutMs: TIMEOUT_MS });
  for (const name of readdirSync('/sys/kernel/mm/hugepages')) {
    const size = /^hugepages-(\d+kB)$/.exec(name)?.[1];
    if (size === undefined) continue;
    const folder = `/run/hugepages/kvm/${size}`;
    mkdirSync(folder, { recursive: true });
    const mounted = await runProgram(['mountpoint', '-q', folder], { timeoutMs: TIMEOUT_MS });
    if (mounted.code !== 0)
      await mustRun(
        ['mount', '-t', 'hugetlbfs', '-o', `pagesize=${size.slice(0, -1)}`, 'hugetlbfs', folder],
        {
          timeoutMs: TIMEOUT_MS,
        },
      );
  }
}

function link(target: string, path: string): void {
  if (existsSync(path)) return;
  rmSync(path, { force: true });
  symlinkSync(target, path);
}

function script(path: string, lines: readonly string[]): void {
  put(path, lines);
  chmodSync(path, 0o755);
}

function put(path: string, lines: readonly string[]): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${lines.join('\n')}\n`);
}
