import { textTreeOf } from '../formats/text-tree.ts';
import type { Placement } from '../domain/decision.ts';
import { enforce } from './confirm-start.ts';
import type { DomainPort, NodePort } from './ports.ts';

const placement: Placement = {
  cells: [],
  pins: { '0': '4', '1': '5', '2': '6', '3': '7' },
  emulator: { policy: 'float', cpus: '4-7', atStart: '4-7', share: 0 },
  iothreads: {},
  realtime: null,
  topology: { sockets: 1, cores: 4, threads: 1 },
  memoryMode: 'strict',
  nodeset: '0',
  devices: [],
  cost: { dedicated: 4, shared: 0, emulator: 0, total: 4 },
};
const qemu = { pid: 30, process: '30:300', name: 'one-7', uuid: null, vcpus: 4 };

afterEach(() => {
  jest.restoreAllMocks();
});

test('repairs through a libvirtd that hangs end after half a minute, and what stays is told', async () => {
  const files = new Map<string, string>();
  for (const vcpu of [0, 1, 2, 3]) {
    files.set(`/proc/30/task/${31 + vcpu}/comm`, `CPU ${vcpu}/KVM\n`);
    files.set(`/proc/30/task/${31 + vcpu}/status`, 'Cpus_allowed_list:\t0-7\n');
  }
  let now = 0;
  jest.spyOn(Date, 'now').mockImplementation(() => now);
  const pinVcpu = jest.fn(() => {
    now += 15_000;
    return Promise.resolve('virsh ended with no exit code');
  });
  const tools = {
    node: { files: textTreeOf(files) } as unknown as NodePort,
    domains: { pinVcpu } as unknown as DomainPort,
  };
  const [told] = await enforce('one-7', { qemu, placement, tools });
  expect(pinVcpu).toHaveBeenCalledTimes(2);
  expect(told).toMatch(/^Threads of one-7 are not where they were decided: vCPU 0 on 0-7 .*vCPU 3 on 0-7 /);
});
