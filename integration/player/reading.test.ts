import { cpuNumbers } from '../kit/cpu-numbers.ts';
import { cpioArchive, FILE } from '../kit/cpio.ts';
import { domainPins } from './domain-pins.ts';
import { schedulerOf } from './live-threads.ts';

it("reads the kernel's CPU lists", () => {
  expect(cpuNumbers('0-2,8\n')).toEqual([0, 1, 2, 8]);
  expect(cpuNumbers('')).toEqual([]);
});

it("reads the pins from libvirt's text", () => {
  const xml = `<domain><memoryBacking>
      <hugepages>
        <page size='2048' unit='KiB'/>
      </hugepages></memoryBacking><cputune><vcpupin vcpu='0' cpuset='3'/><emulatorpin cpuset='0-1'/>
      <iothreadpin iothread='1' cpuset='1'/></cputune>
      <numatune><memory mode='strict' nodeset='0-1'/><memnode cellid='1' mode='strict' nodeset='0'/></numatune></domain>`;
  expect(domainPins(xml)).toEqual({
    vcpus: { 0: [3] },
    emulator: [0, 1],
    iothreads: { 1: [1] },
    memory: { mode: 'strict', cells: [0, 1] },
    memoryOfCell: { 1: [0] },
    pageSizeKiB: 2048,
  });
  expect(domainPins('<domain/>')).toMatchObject({
    vcpus: {},
    emulator: null,
    memory: null,
    pageSizeKiB: null,
  });
});

it('pads every part of a cpio archive to four bytes and ends it with a trailer', () => {
  const archive = cpioArchive([{ path: 'a', mode: FILE, body: Buffer.from('hello') }]).toString('latin1');
  expect(archive.length % 4).toBe(0);
  expect(archive.startsWith('070701')).toBe(true);
  expect(archive.slice(110, 112)).toBe('a\0');
  expect(archive.slice(112, 120)).toBe('hello\0\0\0');
  expect(archive.slice(120 + 110, 120 + 121)).toBe('TRAILER!!!\0');
});

it('reads the scheduling policy of a thread whose name holds blanks and brackets', () => {
  const stat = (priority: number, policy: number) =>
    `7 (CPU 0) S/KVM) S ${Array.from({ length: 36 }, () => '0').join(' ')} ${priority} ${policy} 0 0`;
  expect(schedulerOf(stat(1, 1))).toBe('fifo 1');
  expect(schedulerOf(stat(5, 2))).toBe('rr 5');
  expect(schedulerOf(stat(0, 0))).toBe('other');
});
