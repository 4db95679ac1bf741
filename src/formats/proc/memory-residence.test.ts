import { readResidence } from './memory-residence.ts';

const seen = (text: string) =>
  readResidence(text).map(({ cell, mib, huge, bound }) => [cell, mib, huge, bound?.toString() ?? null]);

describe('the memory of a process', () => {
  test('is summed by cell, kind and binding, from the lines as the kernel writes them', () => {
    const text = [
      '7f0000000000 bind:1 anon=512 dirty=512 active=0 N0=256 N1=256 kernelpagesize_kB=4',
      '7f1000000000 bind:1 file=/dev/hugepages/libvirt/qemu/1-a/ram-node0\\040(deleted) huge dirty=32 N1=32 kernelpagesize_kB=2048',
      '7f2000000000 default anon=256 dirty=256 N0=256 kernelpagesize_kB=4',
      '7f3000000000 bind=static:0-1 file=/memfd:memory-backend-memfd dirty=256 N1=256 kernelpagesize_kB=4',
      '7f4000000000 prefer:1 anon=256 N0=256 kernelpagesize_kB=4',
    ].join('\n');
    expect(seen(text)).toEqual([
      [0, 1, false, '1'],
      [0, 2, false, null],
      [1, 1, false, '1'],
      [1, 64, true, '1'],
      [1, 1, false, '0-1'],
    ]);
  });

  test('is without programs, libraries, heap and stack, which are no guest memory', () => {
    expect(
      seen(
        [
          '55d000000000 default file=/usr/bin/qemu-system-x86_64 anon=9 N3=900 kernelpagesize_kB=4',
          '55d100000000 default heap anon=900 N3=900 kernelpagesize_kB=4',
          '7ffc00000000 default stack anon=9 N3=9 kernelpagesize_kB=4',
        ].join('\n'),
      ),
    ).toEqual([]);
  });

  test.each(['', 'garbage', 'N0=5', '7f00 default anon=x Nx=1', '7f00 bind:5-1 anon=1'])(
    'in %j is nothing',
    text => {
      expect(seen(text)).toEqual([]);
    },
  );
});
