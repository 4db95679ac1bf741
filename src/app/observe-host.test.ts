import { emptyLedger } from '../domain/ledger.ts';
import { textTreeOf } from '../formats/text-tree.ts';
import { readTopology } from '../formats/sysfs/read-topology.ts';
import { namedMachine } from '../machines/named-machines.ts';
import { renderMachine } from '../machines/render-machine.ts';
import { observeHost } from './observe-host.ts';
import type { DomainPort, NodePort } from './ports.ts';

const machine = renderMachine(namedMachine('laptop-1c'));
const fail = () => Promise.reject(new Error('not asked for here'));

/** A laptop on which QEMUs of these numbers run, each with a UUID and one vCPU on CPU 2, behind this libvirt. */
function observe(pids: readonly number[], dumpXml: DomainPort['dumpXml'], uuid = true) {
  const files = new Map(machine);
  for (const pid of pids) {
    const argv = ['qemu-system-x86_64', '-name', `guest=${pid}`, ...(uuid ? ['-uuid', `uuid-${pid}`] : [])];
    files.set(`/proc/${pid}/comm`, 'qemu-system-x86\n');
    files.set(`/proc/${pid}/stat`, `${pid} (qemu) S ${'1 '.repeat(18)}7`);
    files.set(`/proc/${pid}/cmdline`, argv.map(word => `${word}\0`).join(''));
    files.set(`/proc/${pid}/task/${pid}/comm`, 'CPU 0/KVM\n');
    files.set(`/proc/${pid}/task/${pid}/status`, 'Cpus_allowed_list:\t2\n');
  }
  const tree = textTreeOf(files);
  const node = { name: 'laptop', files: tree, run: fail } as unknown as NodePort;
  const domains = { dumpXml } as unknown as DomainPort;
  const topology = readTopology(tree, 'laptop');
  return observeHost(emptyLedger(''), { node, domains, topology, policy: {}, owner: '1:1' });
}
const domain = (name: string) =>
  `<domain type='kvm'><name>${name}</name><memory unit='KiB'>65536</memory><vcpu>1</vcpu></domain>`;

describe('guests that the ledger does not know', () => {
  test("are asked for by UUID, because a guest's name may be the number of another", async () => {
    const asked: string[] = [];
    const seen = await observe([30, 31], word => {
      asked.push(word);
      return Promise.resolve(domain('x'));
    });
    expect(asked).toEqual(['uuid-30', 'uuid-31']);
    expect(seen.learned).toBe(true);
    expect(seen.ledger.entries.map(({ vm, foreign }) => [vm, foreign?.memoryMiB])).toEqual([
      ['30', 64],
      ['31', 64],
    ]);
  });

  test('are asked for several at a time, and stay in the order of their numbers', async () => {
    let now = 0;
    let most = 0;
    const pids = Array.from({ length: 20 }, (_, index) => 100 + index);
    const seen = await observe(pids, async word => {
      most = Math.max(most, (now += 1));
      for (let turn = Number(word.slice(5)) % 3; turn >= 0; turn -= 1) await Promise.resolve();
      now -= 1;
      return domain('x');
    });
    expect(most).toBe(8);
    expect(seen.ledger.entries.map(({ vm }) => Number(vm))).toEqual(pids);
  });

  test('hold their CPUs but are not remembered while libvirt does not answer for them', async () => {
    const seen = await observe([30], () => Promise.resolve(null));
    expect(seen.host.claims.map(({ cells }) => cells.map(({ pcpus }) => pcpus))).toEqual([['2']]);
    expect([seen.ledger.entries, seen.learned]).toEqual([[], false]);
  });

  test("are remembered without libvirt's answer where they are none of its own", async () => {
    const seen = await observe([30], () => Promise.resolve(null), false);
    expect(seen.ledger.entries.map(({ vm }) => vm)).toEqual(['30']);
  });
});
