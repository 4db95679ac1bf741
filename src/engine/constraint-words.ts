import type { Constraint } from '../domain/refusal-codes.ts';

type Words = (needed: number, available: number, cell: number) => string;

/** Each constraint as the rest of a sentence that starts with the guest or guest cell. */
export const CONSTRAINT_WORDS: Readonly<Record<Constraint, Words>> = {
  'allowed-cells': (_n, _a, cell) => `may not use host cell ${cell} (pinfold:cells)`,
  memory: (n, a, cell) => `needs ${n} MiB of memory, and host cell ${cell} has ${a} MiB left`,
  'page-size': (_n, _a, cell) => `wants a page size that host cell ${cell} does not have`,
  pages: (n, a, cell) => `needs ${n} pages of its size, and host cell ${cell} has ${a} free`,
  'page-multiple': (n, a, cell) =>
    `has ${n} KiB of memory, which is no multiple of the page size of host cell ${cell} (${a} KiB would be)`,
  'ram-ratio': (n, a, cell) => `needs ${n} MiB, and the RAM ratio leaves ${a} MiB on host cell ${cell}`,
  'dedicated-cpus': (n, a, cell) => `needs ${n} dedicated CPUs, and host cell ${cell} has ${a} in all`,
  'free-dedicated-cpus': (n, a, cell) => `needs ${n} dedicated CPUs, and host cell ${cell} has ${a} free`,
  'whole-cores': (n, a, cell) =>
    `needs ${n} cores that are free as a whole (thread policy isolate), and host cell ${cell} has ${a}`,
  'sibling-threads': (n, a, cell) =>
    `needs ${n} threads on cores with free siblings (thread policy require), and host cell ${cell} has ${a}`,
  'separate-cores': (n, a, cell) => `needs ${n} cores with a free thread, and host cell ${cell} has ${a}`,
  'cores-without-siblings': (n, a, cell) =>
    `needs ${n} free CPUs on cores without SMT siblings, and host cell ${cell} has ${a}`,
  'cache-domain': (n, a, cell) =>
    `needs ${n} CPUs in one last-level cache domain, and host cell ${cell} has at most ${a}`,
  'cpu-kind': (n, a, cell) => `needs ${n} CPUs of the wanted kind, and host cell ${cell} has ${a}`,
  'emulator-cpu': (n, a, cell) =>
    `needs ${n} CPUs with those for emulator threads and iothreads, and host cell ${cell} has ${a}`,
  'shared-cpus': (n, a, cell) =>
    `has ${n} shared vCPUs, and host cell ${cell} has ${a} CPUs for them to float over`,
  'shared-ratio': (n, a, cell) =>
    `would bring host cell ${cell} to ${n} shared vCPUs, and its ratio allows ${a}`,
  'shared-guests-cpus': (n, a, cell) =>
    `would take CPUs that ${n} shared vCPUs on host cell ${cell} float over, and what is left carries ${a}`,
  'host-cell-taken': (_n, _a, cell) => `competes for host cell ${cell}`,
};
