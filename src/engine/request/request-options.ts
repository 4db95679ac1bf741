/** The options of one request and what is worth telling about them. `notes` grows while they are read. */
export interface RequestOptions {
  readonly vcpus: number;
  readonly memoryMiB: number;
  /** The operator's word. */
  readonly extra: Readonly<Record<string, string>>;
  /** The tenant's refinement. */
  readonly image: Readonly<Record<string, string>>;
  /** Whether any `numa_cpus.N` or `numa_mem.N` was given. */
  readonly listsCells: boolean;
  /** What was ignored or overridden, one sentence each. */
  readonly notes: string[];
}
