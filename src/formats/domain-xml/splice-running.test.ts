import type { Placement } from '../../domain/decision.ts';
import { readDomain } from './read-domain.ts';
import { requestAsRunning } from './request-as-running.ts';
import { sameGuest } from './same-guest.ts';
import { spliceRunning } from './splice-running.ts';
import { withoutPlacement } from './without-placement.ts';

/** As libvirt has a guest of two cells with 2 MiB pages on host cells 0 and 1. */
const WIDE = `<domain type='kvm' id='7'>
  <name>one-7</name>
  <metadata>
    <pinfold:claim xmlns:pinfold="urn:pinfold:claim:1">{}</pinfold:claim>
    <one:vm xmlns:one="http://opennebula.org/xmlns/libvirt/1.0"><one:uid>0</one:uid></one:vm>
  </metadata>
  <memory unit='KiB'>2097152</memory>
  <memoryBacking>
    <hugepages>
      <page size='2048' unit='KiB' nodeset='0-1'/>
    </hugepages>
  </memoryBacking>
  <vcpu placement='static'>4</vcpu>
  <cputune>
    <shares>4096</shares>
    <vcpupin vcpu='0' cpuset='2'/>
    <vcpupin vcpu='1' cpuset='3'/>
    <vcpupin vcpu='2' cpuset='12'/>
    <vcpupin vcpu='3' cpuset='13'/>
    <emulatorpin cpuset='2-3'/>
  </cputune>
  <numatune>
    <memory mode='strict' nodeset='0-1'/>
    <memnode cellid='0' mode='strict' nodeset='0'/>
    <memnode cellid='1' mode='strict' nodeset='1'/>
  </numatune>
  <cpu mode='host-model'>
    <topology sockets='2' dies='1' cores='2' threads='1'/>
    <numa>
      <cell id='0' cpus='0-1' memory='1048576' unit='KiB' memAccess='shared'/>
      <cell id='1' cpus='2-3' memory='1048576' unit='KiB' memAccess='shared'/>
    </numa>
  </cpu>
  <devices>
    <disk type='file' device='disk'><source file='/var/lib/one/7/disk.0'/></disk>
  </devices>
</domain>`;

const PLACED: Placement = {
  cells: [
    { guestCell: 0, hostCell: 3, vcpus: '0-1', memoryMiB: 1024, pageSizeKiB: 2048 },
    { guestCell: 1, hostCell: 2, vcpus: '2-3', memoryMiB: 1024, pageSizeKiB: 2048 },
  ],
  pins: { 0: '30', 1: '31', 2: '20', 3: '21' },
  emulator: { policy: 'float', cpus: '20-21', atStart: '20-21,30', share: 0 },
  iothreads: {},
  realtime: null,
  topology: { sockets: 4, cores: 1, threads: 1 },
  memoryMode: 'strict',
  nodeset: '2-3',
  devices: [],
  cost: { dedicated: 4, shared: 0, emulator: 0, total: 4 },
};
const cell = (change: Partial<Placement['cells'][number]>): Placement => ({
  ...PLACED,
  cells: [{ ...PLACED.cells[0]!, ...change }, PLACED.cells[1]!],
});

describe('a placement in the XML of a guest that comes as it is', () => {
  test('changes its pins and where its memory comes from, and nothing that the guest sees', () => {
    const xml = spliceRunning(WIDE, PLACED);
    const { pins, numatune, topology } = readDomain(xml);
    expect(pins.vcpus).toEqual(PLACED.pins);
    expect(pins.emulator).toBe('20-21,30');
    expect(numatune?.cells).toEqual({
      0: { mode: 'strict', nodeset: '3' },
      1: { mode: 'strict', nodeset: '2' },
    });
    expect(topology).toMatchObject({ sockets: 2, cores: 2 });
    expect(xml).toContain('<shares>4096</shares>');
    expect(sameGuest(WIDE, xml)).toBe(true);
    expect(spliceRunning(xml, PLACED)).toBe(xml);
  });

  test('binds the memory of a guest without cells as a whole', () => {
    const plain = WIDE.replace(/ {4}<numa>[\s\S]*<\/numa>\n/, '').replace(
      /<numatune>[\s\S]*<\/numatune>/,
      '',
    );
    const one = { ...PLACED, cells: [{ ...PLACED.cells[0]!, vcpus: '0-3', memoryMiB: 2048 }] };
    const xml = spliceRunning(plain, { ...one, memoryMode: 'strict', nodeset: '3' });
    expect(readDomain(xml).numatune).toEqual({ mode: 'strict', nodeset: '3', cells: {} });
    expect(sameGuest(plain, xml)).toBe(true);
  });

  test.each<[string, Placement, RegExp]>([
    ['another number of cells', { ...PLACED, cells: PLACED.cells.slice(0, 1) }, /2048 MiB|guest cells/],
    ['other vCPUs in a cell', cell({ vcpus: '0,2' }), /Guest cell 0 of one-7 has vCPUs 0-1 .*vCPUs 0,2/],
    ['other pages', cell({ pageSizeKiB: 1048576 }), /made of 2048 KiB pages, .*1048576 KiB pages/],
    ['pages of the base size', cell({ pageSizeKiB: null }), /made of 2048 KiB pages, .* 4 KiB pages/],
    ['another number of vCPUs', { ...PLACED, pins: { 0: '1' } }, /pins 1 vCPU/],
  ])('that has %s is refused', (_, placement, words) => {
    expect(() => spliceRunning(WIDE, placement)).toThrow(words);
  });
});

describe('what is one guest on other CPUs', () => {
  test.each([
    ['without any of its pins', withoutPlacement(WIDE)],
    ['laid out in another way', WIDE.replaceAll(/>\s+</g, '><')],
    ['with a cpuset for vCPUs that come later', WIDE.replace("'static'", "'static' cpuset='4-7'")],
  ])('%s', (_, xml) => {
    expect(sameGuest(WIDE, xml)).toBe(true);
  });

  test.each([
    ['another hypervisor', WIDE.replace("'kvm'", "'qemu'")],
    ['another disk', WIDE.replace('disk.0', 'disk.1')],
    ['another size', WIDE.replace('2097152', '2097153')],
    ['another cell of the guest', WIDE.replace("cpus='0-1'", "cpus='0'")],
    ['other pages', WIDE.replace("size='2048'", "size='4'")],
    ['other shares', WIDE.replace('4096', '4097')],
    ['other words of OpenNebula', WIDE.replace('<one:uid>0', '<one:uid>1')],
    ['one more device', WIDE.replace('<devices>', '<devices><watchdog model="itco"/>')],
  ])('and what is not: %s', (_, xml) => {
    expect(sameGuest(WIDE, xml)).toBe(false);
  });
});

describe('what a guest that runs asks for', () => {
  const request = (extraSpecs: Readonly<Record<string, string>>, imageProperties = {}) =>
    ({
      kind: 'pinfold/request',
      version: 1,
      vm: 'one-7',
      vcpus: 2,
      memoryMiB: 512,
      extraSpecs,
      imageProperties,
    }) as const;

  test('names its cells and pages one by one, whatever the request left open', () => {
    const asked = request(
      { 'hw:cpu_policy': 'dedicated', 'pinfold:auto_numa': 'yes', 'hw:mem_page_size': 'large' },
      { hw_mem_page_size: '1GB', hw_numa_nodes: '4', hw_cpu_thread_policy: 'isolate' },
    );
    expect(requestAsRunning(asked, WIDE)).toEqual({
      ...asked,
      vcpus: 4,
      memoryMiB: 2048,
      iothreads: 0,
      extraSpecs: {
        'hw:cpu_policy': 'dedicated',
        'hw:numa_nodes': '2',
        'hw:numa_cpus.0': '0-1',
        'hw:numa_mem.0': '1024',
        'hw:numa_cpus.1': '2-3',
        'hw:numa_mem.1': '1024',
        'hw:mem_page_size': '2048',
      },
      imageProperties: { hw_cpu_thread_policy: 'isolate' },
    });
  });

  test('keeps it on one cell where it sees one, and on the pages that it has', () => {
    const plain = withoutPlacement(WIDE)
      .replace(/ {4}<numa>[\s\S]*<\/numa>\n/, '')
      .replace(/<hugepages>[\s\S]*<\/hugepages>/, '');
    const asked = request({ 'hw:numa_nodes': '4', 'hw:mem_page_size': 'any' });
    expect(requestAsRunning(asked, plain).extraSpecs).toEqual({
      'hw:numa_nodes': '1',
      'hw:mem_page_size': 'small',
    });
    expect(requestAsRunning(request({ 'hw:cpu_policy': 'dedicated' }), plain).extraSpecs).toEqual({
      'hw:cpu_policy': 'dedicated',
    });
  });

  test('counts only the vCPUs that are there', () => {
    const growing = WIDE.replace("placement='static'>4", "placement='static' current='3'>4");
    const { vcpus, extraSpecs } = requestAsRunning(request({ 'hw:cpu_policy': 'dedicated' }), growing);
    expect([vcpus, extraSpecs?.['hw:numa_cpus.1']]).toEqual([3, '2']);
  });
});
