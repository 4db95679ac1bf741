import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTreeNode } from '../adapters/embedded/tree-node.ts';
import { addProcess, takeTaskNumbers } from '../adapters/embedded/processes.ts';
import { TreeFiles } from '../adapters/embedded/tree-files.ts';
import type { NodeLock, NodePort } from '../app/ports.ts';
import { parseCpuList } from '../domain/cpu-list.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import { CGROUP_ROOT, cgroupFile, groupsAbove } from '../formats/cgroup/cgroup-file.ts';

/** A tree of a node with eight CPUs whose cgroups answer as the kernel does, for tests. */
export class CgroupNode {
  readonly root = mkdtempSync(join(tmpdir(), 'pinfold-cgroups-'));
  readonly node: NodePort;
  readonly #files: TreeFiles;

  /** @param kernel its release, which decides what it can */
  constructor(kernel = '6.12.107-amd64') {
    this.#files = new TreeFiles(this.root);
    for (const name of ['online', 'present', 'possible'])
      this.#files.write({ path: `/sys/devices/system/cpu/${name}`, text: '0-7\n' });
    this.#files.write({ path: '/proc/sys/kernel/osrelease', text: `${kernel}\n` });
    this.#files.write({ path: '/proc/sys/kernel/random/boot_id', text: 'b00t\n' });
    this.node = openTreeNode(this.root);
    this.node.makeFolder(CGROUP_ROOT);
    for (const slice of ['system.slice', 'user.slice', 'init.scope', 'qemu.slice', 'dev-hugepages.mount'])
      this.group(`/${slice}`);
  }

  /** Makes a group with those above it. */
  group(path: string): void {
    for (const group of [...groupsAbove(path), path]) this.node.makeFolder(`${CGROUP_ROOT}${group}`);
  }

  /** A process in a group; answers the numbers of its threads, each pinned to its list (`""` = not pinned). */
  process(group: string, threads: Readonly<Record<string, string>>): number[] {
    this.group(group);
    const names = Object.keys(threads);
    const tids = takeTaskNumbers(this.#files, names.length);
    addProcess(this.#files, {
      argv: [names[0]!],
      startTicks: 1,
      cells: CpuSet.of([0]),
      numaMaps: '',
      threads: names.map((name, index) => ({
        name,
        group,
        tid: tids[index]!,
        cpus: parseCpuList(this.read(group, 'cpuset.cpus.effective') ?? this.rootCpus),
        realtime: null,
      })),
    });
    return tids;
  }

  /** Pins a thread with taskset. */
  async pin(tid: number, cpus: string): Promise<number | null> {
    return (await this.node.run(['taskset', '-pc', cpus, `${tid}`])).code;
  }

  /** A scope as systemd makes it with `Delegate=cpuset`: the controller is on for it. Its vCPUs are pinned. */
  async guest(
    vmid: string,
    pins: readonly string[],
  ): Promise<{ scope: string; tids: number[]; emulator: number }> {
    const scope = `/qemu.slice/${vmid}.scope`;
    this.enableCpuset('', '/qemu.slice');
    const names: Record<string, string> = { kvm: '' };
    for (const [index, cpus] of pins.entries()) names[`CPU ${index}/KVM`] = cpus;
    const [emulator, ...tids] = this.process(scope, names);
    for (const [index, cpus] of pins.entries()) await this.pin(tids[index]!, cpus);
    return { scope, tids, emulator: emulator! };
  }

  /** As systemd does for a unit that needs it. */
  enableCpuset(...groups: readonly string[]): void {
    for (const group of groups) this.write(group, 'cgroup.subtree_control', '+cpuset');
  }

  /** The process of these threads ends, and systemd removes its scope with all in it. */
  stop(scope: string, pid: number): void {
    this.#files.remove(`/proc/${pid}`);
    for (const group of [`${scope}/vcpus`, scope]) this.node.removeFolder(`${CGROUP_ROOT}${group}`);
  }

  write(group: string, file: string, text: string): string | null {
    return this.node.writeInPlace(cgroupFile(group, file), text);
  }

  /** A file of a group without its line end; null when it is not there. */
  read(group: string, file: string): string | null {
    return this.#files.read(cgroupFile(group, file))?.replace(/\n$/, '') ?? null;
  }

  get rootCpus(): string {
    return this.read('', 'cpuset.cpus.effective')!;
  }

  /** `Cpus_allowed_list` of a thread. */
  mask(tid: number): string {
    const pid = this.#files
      .list('/proc')
      .find(name => /^\d+$/.test(name) && this.#files.exists(`/proc/${name}/task/${tid}`))!;
    const status = this.#files.read(`/proc/${pid}/task/${tid}/status`)!;
    return /^Cpus_allowed_list:\t(.*)$/m.exec(status)![1]!;
  }

  /** What was run on the tree, one line a call. */
  get calls(): string[] {
    const text = this.#files.read('/run/pinfold/effects.jsonl') ?? '';
    return text
      .split('\n')
      .filter(Boolean)
      .map(line => (JSON.parse(line) as { run: string[] }).run.join(' '));
  }

  end(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** A lock for one caller at a time, which says how often it was taken and given back. */
export function countingLock(): NodeLock & { readonly taken: number; readonly given: number } {
  const counts = { taken: 0, given: 0 };
  return {
    acquire: () => {
      counts.taken += 1;
      return Promise.resolve(() => {
        counts.given += 1;
      });
    },
    get taken() {
      return counts.taken;
    },
    get given() {
      return counts.given;
    },
  };
}
