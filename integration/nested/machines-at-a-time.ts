import { availableParallelism, freemem } from 'node:os';

/** RAM of the largest profile, QEMU's translation buffer of a gigabyte, and what the scenarios need on this side. */
const GIB_PER_MACHINE = 6;

/**
 * How many nested hosts run side by side: one for each CPU, because most scenarios keep only one vCPU busy at a time, and no
 * more than the memory that is free holds. At least one.
 */
export function machinesAtATime(cpus = availableParallelism(), freeBytes = freemem()): number {
  return Math.max(1, Math.min(cpus, Math.floor(freeBytes / 2 ** 30 / GIB_PER_MACHINE)));
}
