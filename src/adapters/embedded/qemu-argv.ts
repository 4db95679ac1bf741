import type { DomainFacts } from './domain-facts.ts';
import type { MemoryBackend } from './guest-memory.ts';
import { BASE_PAGE_KIB } from './page-pools.ts';

/** The command line that libvirt 9 gives to QEMU, as far as placement can be seen in it. */
export function qemuArgv(
  facts: DomainFacts,
  backends: readonly MemoryBackend[],
  uuid: string,
): readonly string[] {
  const objects = backends.flatMap(({ guestCell, memoryKib, sizeKib, tuning }) => {
    const hostNodes = tuning?.nodeset ?? null;
    const bound = hostNodes !== null && tuning?.mode !== 'restrictive';
    const object = {
      'qom-type': sizeKib === BASE_PAGE_KIB ? 'memory-backend-ram' : 'memory-backend-file',
      id: guestCell === null ? 'pc.ram' : `ram-node${guestCell}`,
      ...(sizeKib === BASE_PAGE_KIB ? {} : { 'mem-path': '/dev/hugepages/libvirt/qemu', prealloc: true }),
      size: memoryKib * 1024,
      ...(bound ? { 'host-nodes': [...hostNodes], policy: 'bind' } : {}),
    };
    const words = ['-object', JSON.stringify(object)];
    return guestCell === null ? words : [...words, '-numa', `node,nodeid=${guestCell},memdev=${object.id}`];
  });
  return [
    '/usr/bin/qemu-system-x86_64',
    '-name',
    `guest=${facts.name.replaceAll(',', ',,')},debug-threads=on`,
    '-S',
    '-machine',
    'q35,usb=off',
    '-accel',
    facts.kvm ? 'kvm' : 'tcg',
    '-m',
    `size=${facts.memoryKib}k`,
    '-smp',
    facts.vcpus === facts.maxVcpus ? `${facts.vcpus}` : `${facts.vcpus},maxcpus=${facts.maxVcpus}`,
    ...objects,
    '-uuid',
    uuid,
    '-nographic',
  ];
}
