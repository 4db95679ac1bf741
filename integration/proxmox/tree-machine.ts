import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { endProxmoxQemu, startProxmoxQemu } from '../../src/adapters/embedded/proxmox-qemu.ts';
import { showRealTask } from '../../src/adapters/embedded/real-task.ts';
import { TreeFiles } from '../../src/adapters/embedded/tree-files.ts';
import { PveError } from './pve-error.ts';
import type { End, HookCall, PveMachine } from './pve-machine.ts';
import { takeFlock } from './take-flock.ts';

/** A node that is a folder, and who works on it. */
export interface TreeSettings {
  readonly root: string;
  readonly name: string;
  /** The bundle of the hook: a snippet in the tree names files of a machine, so that it is called in its place. */
  readonly hook: string;
  readonly log: (line: string) => void;
}

const PIDS = '/run/qemu-server';

/**
 * A node that is a folder: the embedded stand-ins are its systemd and its QEMU, and this process is the task's worker, with
 * its mask in the tree alone. What a monitor is asked for happens at once, and its guests obey their power button.
 */
export function treeMachine({ root, name, hook, log }: TreeSettings): PveMachine {
  const tree = new TreeFiles(root);
  showRealTask(root, process.pid);
  const pidOf = (vmid: string) => {
    const pid = Number(tree.read(`${PIDS}/${vmid}.pid`) ?? 0);
    return pid > 0 && tree.exists(`/proc/${pid}/stat`) ? pid : null;
  };
  const vmOf = (pid: number) =>
    tree
      .list(PIDS)
      .flatMap(file => /^(\d+)\.pid$/.exec(file)?.[1] ?? [])
      .find(vmid => pidOf(vmid) === pid);
  return {
    name,
    read: path => tree.read(path),
    write(path, text) {
      const pool = /^(.*\/hugepages-\d+kB)\/nr_hugepages$/.exec(path)?.[1];
      if (pool === undefined) tree.write({ path, text, mode: 0o640 });
      else resizePool(tree, pool, Number(text));
    },
    remove(path) {
      tree.remove(path);
    },
    kindOf: path => kindOf(join(root, path)),
    lock: (path, seconds) => takeFlock(join(root, path), seconds),
    hook: call => runHook(call, { root, hook, log }),
    // A scope of the stand-in goes with its QEMU.
    endUnit: () => Promise.resolve(),
    launch: ({ vmid, argv }) => Promise.resolve(startProxmoxQemu(root, { vmid, argv, worker: process.pid })),
    pidOf,
    monitor(vmid, command) {
      if (pidOf(vmid) === null)
        return Promise.reject(new PveError(`VM ${vmid} qmp command '${command}' failed - unable to connect`));
      if (command !== 'query-status') endProxmoxQemu(root, vmid);
      return Promise.resolve();
    },
    signal(pid) {
      const vmid = vmOf(pid);
      if (vmid !== undefined) endProxmoxQemu(root, vmid);
      return Promise.resolve();
    },
    // Nothing in a tree happens later.
    sleep: () => Promise.resolve(),
    log,
  };
}

/** The kernel's answer to another size: pages in use stay (Documentation/admin-guide/mm/hugetlbpage.rst). */
function resizePool(tree: TreeFiles, pool: string, asked: number): void {
  const number = (file: string) => Number(tree.read(`${pool}/${file}`) ?? 0);
  const used = number('nr_hugepages') - number('free_hugepages');
  const total = Math.max(asked, used);
  tree.write({ path: `${pool}/nr_hugepages`, text: `${total}\n` });
  tree.write({ path: `${pool}/free_hugepages`, text: `${total - used}\n` });
}

function kindOf(place: string): 'missing' | 'file' | 'executable' {
  try {
    if (!statSync(place).isFile()) return 'missing';
    accessSync(place, constants.X_OK);
    return 'executable';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'file' : 'missing';
  }
}

function runHook(
  call: HookCall,
  { root, hook, log }: Pick<TreeSettings, 'root' | 'hook' | 'log'>,
): Promise<End> {
  const environment = Object.entries<string | null | undefined>({ ...process.env, ...call.environment });
  return new Promise(resolve => {
    const child = spawn(process.execPath, [hook, '--root', root, call.vmid, call.phase], {
      env: Object.fromEntries(environment.filter(([, value]) => value !== null)) as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (piece: string) => {
        output += piece;
      });
    child.on('error', error => {
      output += `${error.message}\n`;
    });
    child.on('close', code => {
      for (const line of output.split('\n').filter(Boolean)) log(line);
      resolve({ code, output });
    });
  });
}
