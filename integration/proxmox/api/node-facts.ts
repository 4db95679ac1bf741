import { cpus, freemem, loadavg, release, totalmem, uptime, version } from 'node:os';

/** A PCI device as the node lists it. */
export interface ListedDevice {
  readonly id: string;
  readonly class: string;
  readonly vendor: string;
  readonly device: string;
  readonly iommugroup: number;
  readonly subsystem_vendor?: string;
  readonly subsystem_device?: string;
}

/** `GET /nodes/{node}/status` of this machine. What it has no word for: cells, caches, sets of CPUs. */
export function nodeStatus(): object {
  const [first] = cpus();
  const count = cpus().length;
  const [total, free] = [totalmem(), freemem()];
  return {
    'current-kernel': { sysname: 'Linux', release: release(), version: version(), machine: 'x86_64' },
    kversion: `Linux ${release()} ${version()}`,
    pveversion: 'pve-manager/9.1.99',
    cpuinfo: {
      cpus: count,
      cores: count,
      sockets: 1,
      model: first?.model ?? '',
      mhz: String(first?.speed ?? 0),
      vendor: 'AuthenticAMD',
      family: '26',
      user_hz: 100,
      hvm: '',
    },
    memory: { total, free, used: total - free, available: free },
    swap: { total: 0, used: 0, free: 0 },
    rootfs: { total: 1, used: 0, free: 1, avail: 1 },
    'boot-info': { mode: 'legacy-bios' },
    ksm: { shared: 0 },
    loadavg: loadavg().map(load => load.toFixed(2)),
    uptime: Math.floor(uptime()),
    cpu: 0,
    wait: 0,
    idle: 0,
  };
}
