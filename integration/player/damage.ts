import { readFileSync, writeFileSync } from 'node:fs';
import { mustRun } from '../kit/run-program.ts';
import { sleep } from '../kit/wait-until.ts';
import { cellsOfHost, freeHugePages, hugePagesOf } from './host-facts.ts';
import type { Seen } from './stage.ts';

/** How often pages are asked to move. */
const TRIES = 5;

/** What is broken on purpose in a guest that runs, to see that the checks notice. */
export type Damage = 'vcpu' | 'emulator' | 'memory' | 'nudge';

/**
 * Breaks one thing behind libvirt's and Pinfold's back, and returns what was done in a few words.
 *
 * - `vcpu`: the thread of the last vCPU goes to the next CPU, in its cgroup and its mask.
 * - `emulator`: the first emulator thread may run on the next CPU, too.
 * - `memory`: all pages go to another cell with migratepages(8).
 * - `nudge`: nothing here; the hook's nudge is swallowed while a guest of Proxmox VE starts.
 */
export async function damage(what: Damage, seen: Seen): Promise<string> {
  if (what === 'nudge') return 'the nudge was swallowed';
  if (what === 'memory') return moveMemory(seen);
  const role = what === 'vcpu' ? 'vcpu' : 'emulator';
  const thread = seen.threads.filter(one => one.role === role).at(what === 'vcpu' ? -1 : 0)!;
  const all = cellsOfHost().flatMap(cell => cell.cpus);
  const after = all[(all.indexOf(thread.cpus[0]!) + 1) % all.length]!;
  const cpus = what === 'vcpu' ? [after] : [...thread.cpus, after];
  // The cgroup's line is `0::/machine.slice/…/libvirt/vcpu0`.
  const cgroup = readFileSync(`/proc/${seen.pid}/task/${thread.tid}/cgroup`, 'utf8')
    .trim()
    .slice('0::'.length);
  writeFileSync(`/sys/fs/cgroup${cgroup}/cpuset.cpus`, cpus.join(','));
  // Newer kernels keep a thread's own mask when its cpuset grows.
  await mustRun(['taskset', '-pc', cpus.join(','), String(thread.tid)], { timeoutMs: 30_000 });
  return `thread "${thread.name}" taken from CPUs ${thread.cpus.join(',')} to ${cpus.join(',')}`;
}

async function moveMemory(seen: Seen): Promise<string> {
  // A guest that is bound nowhere is where its pages are.
  const from = String(seen.pins.memory?.cells[0] ?? Object.keys(hugePagesOf(seen.pid))[0] ?? 0);
  const to = String(cellsOfHost().find(cell => String(cell.id) !== from)!.id);
  // The cpuset may forbid the other cell: then it is widened first, as an administrator's hand would.
  const cgroup = readFileSync(`/proc/${seen.pid}/cgroup`, 'utf8').trim().slice('0::'.length);
  for (
    let path = cgroup;
    path !== '/machine.slice' && path !== '/' && path !== '';
    path = path.replace(/\/[^/]*$/, '')
  )
    writeFileSync(`/sys/fs/cgroup${path}/cpuset.mems`, '');
  // The kernel passes over a page that somebody holds in this moment, and migratepages(8) does not say so.
  const left = () => hugePagesOf(seen.pid)[from] ?? 0;
  const free = freeHugePages()[to] ?? 0;
  for (let tries = 1; ; tries += 1) {
    await mustRun(['migratepages', String(seen.pid), from, to], { timeoutMs: 60_000 });
    if (left() === 0)
      return `memory moved from cell ${from} to cell ${to}${tries > 1 ? `, ${tries} times` : ''}`;
    if (tries === TRIES)
      throw new Error(
        `migratepages(8) left ${left()} pages of 2 MiB on cell ${from} in ${TRIES} tries; ${free} were free on cell ${to}; ${failedMoves()}.`,
      );
    await sleep(500);
  }
}

function failedMoves(): string {
  const counters = readFileSync('/proc/vmstat', 'utf8').split('\n');
  return counters.filter(line => /^pgmigrate|^thp_migration/.test(line)).join(', ');
}
