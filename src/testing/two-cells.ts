import type { Machine } from '../machines/machine.ts';

/** Two cells of four cores with two threads and 8 GiB each: CPUs 0-3,8-11 and 4-7,12-15. */
export const twoCells: Machine = {
  name: 'two-cells',
  sockets: 2,
  cellsPerSocket: 1,
  coresPerCell: 4,
  threadsPerCore: 2,
  memoryMiBPerCell: 8192,
};
