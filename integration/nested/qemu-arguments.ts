import { ACCELERATOR, EASY_KERNEL } from './easy-to-emulate.ts';
import type { Image } from './image.ts';
import type { Profile } from './profile.ts';

/** Where one running machine keeps its files, and the host port that leads to its sshd. */
export interface MachinePlaces {
  readonly disk: string;
  readonly console: string;
  readonly monitor: string;
  readonly port: number;
}

/** QEMU's whole command line for a machine, behind the program. A snapshot fits only the command line that it was made with. */
export function qemuArguments(profile: Profile, image: Image, places: MachinePlaces): string[] {
  const cells = profile.cells.flatMap((cell, id) => [
    ...['-object', `memory-backend-ram,id=memory${id},size=${cell.memoryMiB}M`],
    ...['-numa', `node,nodeid=${id},memdev=memory${id}${cell.cpus === '' ? '' : `,cpus=${cell.cpus}`}`],
  ]);
  const distances = profile.cells.flatMap((_, from) =>
    profile.cells.flatMap((__, to) =>
      from < to ? ['-numa', `dist,src=${from},dst=${to},val=${profile.distances[from]![to]!}`] : [],
    ),
  );
  const pages = profile.cells.map((cell, id) => `${id}:${cell.hugePages}`).join(',');
  const memory = profile.cells.reduce((sum, cell) => sum + cell.memoryMiB, 0);
  const kernel = [
    'console=ttyS0 root=/dev/vda rw quiet loglevel=4 net.ifnames=0 panic=-1',
    `hugepagesz=2M hugepages=${pages}`,
    ...EASY_KERNEL,
    ...profile.kernelArguments,
  ].join(' ');
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-machine', 'q35', '-accel', ACCELERATOR, '-cpu', profile.cpu],
    ...['-smp', profile.smp, '-m', String(memory), ...cells, ...distances],
    ...['-kernel', image.kernel, '-initrd', image.initrd, '-append', kernel],
    ...['-drive', `file=${places.disk},if=none,id=disk,format=qcow2,cache=unsafe,discard=unmap`],
    ...['-device', 'virtio-blk-pci,drive=disk', '-device', 'virtio-rng-pci'],
    ...[
      '-netdev',
      `user,id=net,hostfwd=tcp:127.0.0.1:${places.port}-:22`,
      '-device',
      'virtio-net-pci,netdev=net',
    ],
    ...['-serial', `file:${places.console}`, '-qmp', `unix:${places.monitor},server=on,wait=off`],
    ...profile.devices,
  ];
}
