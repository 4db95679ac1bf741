const CPU = '/sys/devices/system/cpu';
const NODE = '/sys/devices/system/node';
const CPUS = `${CPU}/cpu[0-9]*`;

/** Shell patterns of every file that a topology is read from (`readTopology`). */
export const TOPOLOGY_FILES: readonly string[] = [
  '/proc/meminfo',
  '/proc/sys/kernel/hostname',
  '/proc/sys/kernel/random/boot_id',
  ...['online', 'present', 'possible', 'isolated', 'offline'].map(name => `${CPU}/${name}`),
  `${CPUS}/topology/*`,
  `${CPUS}/cache/index*/level`,
  `${CPUS}/cache/index*/shared_cpu_*`,
  `${CPUS}/cpu_capacity`,
  `${CPUS}/acpi_cppc/highest_perf`,
  '/sys/devices/cpu_*/cpus',
  ...['online', 'possible', 'has_memory', 'has_cpu'].map(name => `${NODE}/${name}`),
  ...['cpulist', 'cpumap', 'meminfo', 'distance'].map(name => `${NODE}/node[0-9]*/${name}`),
  `${NODE}/node[0-9]*/hugepages/hugepages-*/*`,
  '/sys/kernel/mm/hugepages/hugepages-*/*',
  ...['uevent', 'numa_node', 'vendor', 'device', 'class'].map(name => `/sys/bus/pci/devices/*/${name}`),
];
