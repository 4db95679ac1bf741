/**
 * How much a document may hold. The numbers are far above what exists and small enough that no document, however
 * odd, costs more than a fraction of a second and some 100 MB.
 */
export const LIMITS = {
  /** Characters of one document: ten times a host of 1024 CPUs with 500 guests. */
  textLength: 2 * 1024 * 1024,
  /** Characters of a trace. */
  traceLength: 16 * 1024 * 1024,
  /** Lists and objects within each other; our deepest document has 6. */
  depth: 32,
  /** Values of one document, lists and objects included. */
  values: 120_000,
  /** Entries of one list, keys of one object. */
  parts: 16_384,
  /** Values of a trace. */
  traceValues: 2_000_000,
  /** Linux: CONFIG_KVM_MAX_NR_VCPUS is at most 4096 on x86. */
  vcpus: 4096,
  /** 4 PiB: 52 bits of physical address, the most that x86-64 and Arm have. */
  memoryMiB: 2 ** 32,
  /** libvirt numbers iothreads from 1; QEMU sets no limit, one per vCPU is more than anybody runs. */
  iothreads: 4096,
  /** Linux: NODES_SHIFT is at most 10. */
  cells: 1024,
  /** Claims on one node. */
  claims: 4096,
  devices: 16_384,
  /** Sum of the CPUs that all lists of a host name. */
  listedCpus: 500_000,
  /** Options of one request per source. */
  options: 512,
  /** Characters of a name: a VM, a host, an option. */
  name: 255,
  /** Characters of a CPU set or an option's value: 65 536 single CPU numbers fit. */
  value: 400_000,
  profiles: 4096,
} as const;
