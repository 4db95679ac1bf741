import type { GuestControl, NodePort } from '../../app/ports.ts';
import { virsh } from './virsh.ts';

/**
 * Memory is moved while virsh waits. The kernel's migrate_pages(2) copies some GiB a second; a guest whose memory has not
 * moved after this long (an hour) never will.
 */
const MOVE_TIMEOUT_MS = 3_600_000;

/**
 * Live changes through libvirt. Memory moves as recorded on libvirt 9.0 to 11: `numatune --nodeset --live` takes all pages
 * of a guest in mode restrictive along, pages of a pool too, and blocks until they are there; in every other mode it says
 * that it will not. A guest without a mode gets one with its first cells, strict unless it is told: it is told restrictive, so that
 * its memory can be moved again (libvirt, qemu_driver.c: a mode is refused only where another one is set already, and
 * numa_conf.c: none set and none told is strict).
 */
export function virshControl(node: NodePort, uri: string, scratch: string): GuestControl {
  const domains = virsh(node, uri, scratch);
  return {
    pinVcpu: (vm, vcpu, cpus) => domains.pinVcpu(vm, vcpu, cpus),
    pinEmulator: (vm, cpus) => domains.pinEmulator(vm, cpus),
    pinIothread: (vm, iothread, cpus) => domains.pinIothread(vm, iothread, cpus),
    async moveMemory(vm, cells) {
      const words = ['virsh', '--connect', uri, 'numatune', vm, '--nodeset', cells, '--live'];
      const limit = { timeoutMs: MOVE_TIMEOUT_MS };
      const told = await node.run([...words, '--mode', 'restrictive'], limit);
      const isOtherMode = told.code !== 0 && /numatune mode/.test(told.stderr);
      // What libvirt says of the cells is clearer than what it says of the mode.
      const { code, stderr } = isOtherMode ? await node.run(words, limit) : told;
      if (code === 0) return null;
      const said = (stderr.trim().split('\n')[0] ?? '').replace(/^error:\s*/, '').replace(/\.$/, '');
      return said || `virsh ended with ${code ?? 'no'} exit code`;
    },
  };
}
