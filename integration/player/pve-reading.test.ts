import { backendPages, largePagesByCell, notedThreads } from './pve-reading.ts';

it('reads the pages of each guest cell and of large mappings from numa_maps', () => {
  const maps = [
    '7ff9d9000000 bind:1 file=/run/hugepages/kvm/2048kB/qemu_back_mem.ram-node1.XELS1a\\040(deleted) huge dirty=32 N1=32 kernelpagesize_kB=2048',
    '7ff9dd200000 default anon=16384 dirty=16384 N0=16000 N3=384 kernelpagesize_kB=4',
    '7ff9dd300000 default anon=12 dirty=12 N2=12 kernelpagesize_kB=4',
  ].join('\n');
  expect(backendPages(maps)).toEqual({ 'ram-node1': { 1: 32 } });
  expect(largePagesByCell(maps)).toEqual({ 0: 16000, 3: 384 });
});

it('reads threads from what grep noted of their status files', () => {
  const text = [
    '/proc/727/task/727/status:Name:\tkvm',
    '/proc/727/task/727/status:Cpus_allowed_list:\t4-5,8',
    '/proc/727/task/727/status:Mems_allowed_list:\t1',
    '/proc/727/task/731/status:Name:\tCPU 0/TCG',
    '/proc/727/task/731/status:Cpus_allowed_list:\t4',
    '/proc/727/task/731/status:Mems_allowed_list:\t1-2',
  ].join('\n');
  expect(notedThreads(text)).toEqual([
    { name: 'kvm', cpus: [4, 5, 8], cells: [1] },
    { name: 'CPU 0/TCG', cpus: [4], cells: [1, 2] },
  ]);
});
