import { counted } from '../domain/counted.ts';
import type { Constraint } from '../domain/refusal-codes.ts';

type Words = (needed: number, available: number, cell: number) => string;

/** Each constraint as the rest of a sentence that starts with the guest or guest cell. */
export const CONSTRAINT_WORDS: Readonly<Record<Constraint, Words>> = {
  'allowed-cells': (_n, _a, cell) => `may not use host cell ${cell} (pinfold:cells)`,
  memory: (n, a, cell) => `needs ${n} MiB of memory, and host cell ${cell} has ${a} MiB left`,
  'page-size': (_n, _a, cell) => `wants a page size that host cell ${cell} does not have`,
  pages: (n, a, cell) => `needs ${counted(n, 'page')} of its size, and host cell ${cell} has ${a} free`,
  'page-multiple': (n, a, cell) =>
    `has ${n} KiB of memory, which is no multiple of the page size of host cell ${cell} (${a} KiB would be)`,
  'ram-ratio': (n, a, cell) => `needs ${n} MiB, and the RAM ratio leaves ${a} MiB on host cell ${cell}`,
  'dedicated-cpus': (n, a, cell) =>
    `needs ${counted(n, 'dedicated CPU')}, and host cell ${cell} has ${a} in all`,
  'free-dedicated-cpus': (n, a, cell) =>
    `needs ${counted(n, 'dedicated CPU')}, and host cell ${cell} has ${a} free`,
  'whole-cores': (n, a, cell) =>
    `needs ${n === 1 ? '1 core that is' : `${n} cores that are`} free as a whole (thread policy isolate), and host cell ${cell} has ${a}`,
  'sibling-threads': (n, a, cell) =>
    `needs ${counted(n, 'thread')} on cores with free siblings (thread policy require), and host cell ${cell} has ${a}`,
  'separate-cores': (n, a, cell) =>
    `needs ${counted(n, 'core')} with a free thread, and host cell ${cell} has ${a}`,
  'cores-without-siblings': (n, a, cell) =>
    `needs ${counted(n, 'free CPU')} on cores without SMT siblings, and host cell ${cell} has ${a}`,
  'cache-domain': (n, a, cell) =>
    `needs ${counted(n, 'CPU')} in one last-level cache domain, and host cell ${cell} has at most ${a}`,
  'cpu-kind': (n, a, cell) => `needs ${counted(n, 'CPU')} of the wanted kind, and host cell ${cell} has ${a}`,
  'emulator-cpu': (n, a, cell) =>
    `needs ${counted(n, 'CPU')} with those for emulator threads and iothreads, and host cell ${cell} has ${a}`,
  'shared-cpus': (n, a, cell) =>
    `has ${counted(n, 'shared vCPU')}, and host cell ${cell} has ${counted(a, 'CPU')} for them to float over`,
  'shared-ratio': (n, a, cell) =>
    `would bring host cell ${cell} to ${counted(n, 'shared vCPU')}, and its ratio allows ${a}`,
  'shared-guests-cpus': (n, a, cell) =>
    `would take CPUs that ${counted(n, 'shared vCPU')} on host cell ${cell} ${n === 1 ? 'floats' : 'float'} over, and what is left carries ${a}`,
  'host-cell-taken': (_n, _a, cell) => `competes for host cell ${cell}`,
};
