import fc from 'fast-check';
import { DUMPED_DOMAIN, OPENNEBULA_DOMAIN } from '../../testing/domains.ts';
import { DomainXmlError } from './domain-xml-error.ts';
import { readDomain } from './read-domain.ts';

/** A small domain: these elements behind name, 4 vCPUs and 2 GiB. */
const domain = (elements: string, attributes = "type='kvm'") =>
  `<domain ${attributes}><name>t</name><memory>2097152</memory><vcpu>4</vcpu>${elements}</domain>`;

describe('reading a domain', () => {
  test('as OpenNebula writes it', () => {
    expect(readDomain(OPENNEBULA_DOMAIN)).toEqual({
      name: 'one-42',
      uuid: '3f8b1c2e-0d4e-4a57-9d6f-2b9a6f0c1d42',
      type: 'kvm',
      vcpus: 4,
      maxVcpus: 4,
      vcpuCpuset: null,
      memoryKiB: 2097152,
      memoryMiB: 2048,
      deviceMemoryKiB: 0,
      iothreads: [1],
      pins: { vcpus: {}, emulator: null, iothreads: {}, schedulers: [] },
      numatune: null,
      guestCells: [],
      topology: null,
      physicalAddress: null,
      memoryBacking: { hugePages: [], locked: false, nosharepages: false, source: null, immediate: false },
      devices: ['0000:21:00.1'],
      preallocated: false,
      hasPins: false,
    });
  });

  test('as virsh dumps it, with pins, cells, large pages and an iothread number of its own', () => {
    expect(readDomain(DUMPED_DOMAIN)).toMatchObject({
      name: 'wide',
      iothreads: [1, 5],
      pins: {
        vcpus: { 0: '2', 1: '3', 2: '10-11', 3: '10-11' },
        emulator: '0,8',
        iothreads: { 5: '0' },
        schedulers: [{ vcpus: '0-1', scheduler: 'fifo', priority: 1 }],
      },
      numatune: {
        mode: 'strict',
        nodeset: '0-1',
        cells: { 0: { mode: 'strict', nodeset: '0' }, 1: { mode: 'strict', nodeset: '1' } },
      },
      guestCells: [
        { id: 0, vcpus: '0-1', memoryKiB: 2097152, access: 'shared' },
        { id: 1, vcpus: '2-3', memoryKiB: 2097152, access: 'shared' },
      ],
      topology: { sockets: 1, dies: 1, clusters: 1, cores: 2, threads: 2 },
      memoryBacking: { hugePages: [{ sizeKiB: 2048, cells: '0-1' }], source: 'memfd' },
      devices: ['0000:41:10.3'],
      preallocated: true,
      hasPins: true,
    });
  });

  test('merges several cputune and memoryBacking elements, as libvirt does', () => {
    const description = readDomain(
      domain(
        `<cputune><vcpupin vcpu='0' cpuset='1'/></cputune><cputune><vcpupin vcpu='1' cpuset='0-3,^1'/></cputune>
        <memoryBacking><locked/></memoryBacking><memoryBacking><allocation mode='immediate'/></memoryBacking>`,
      ),
    );
    expect(description.pins.vcpus).toEqual({ 0: '1', 1: '0,2-3' });
    expect(description.memoryBacking).toMatchObject({ locked: true, immediate: true });
    expect(description.preallocated).toBe(true);
  });

  test.each([
    ["<memory unit='GiB'>2</memory>", 2097152],
    ["<memory unit='m'>2048</memory>", 2097152],
    ["<memory unit='GB'>2</memory>", 1953125],
    ["<memory unit='bytes'>1025</memory>", 2],
  ])('takes %s as libvirt does', (memory, kib) => {
    expect(readDomain(domain('').replace('<memory>2097152</memory>', memory)).memoryKiB).toBe(kib);
  });

  test('counts memory devices apart, and the cells need only add up to the rest', () => {
    const description = readDomain(
      domain(
        `<cpu><numa><cell cpus='0-3' memory='1' unit='GiB'/></numa></cpu>
        <devices><memory model='dimm'><target><size unit='GiB'>1</size><node>0</node></target></memory></devices>`,
      ),
    );
    expect(description.deviceMemoryKiB).toBe(1048576);
    expect(description.guestCells).toEqual([{ id: 0, vcpus: '0-3', memoryKiB: 1048576, access: null }]);
  });

  test.each([
    [
      "<cputune><vcpupin vcpu='1' cpuset='0'/><vcpupin vcpu='1' cpuset='0'/></cputune>",
      'more than one <vcpupin> for vCPU 1',
    ],
    ["<cputune><vcpupin vcpu='4' cpuset='0'/></cputune>", 'pins vCPU 4, but the domain has vCPU 0-3 only'],
    ["<cputune><vcpupin vcpu='x' cpuset='0'/></cputune>", '"x", which is no whole number'],
    ["<cputune><vcpupin vcpu='1'/></cputune>", 'no attribute cpuset'],
    ["<cputune><vcpupin vcpu='1' cpuset=''/></cputune>", 'empty set'],
    ["<cputune><vcpupin vcpu='1' cpuset='3-1'/></cputune>", 'ends before it starts'],
    ["<cputune><vcpupin vcpu='1' cpuset='99999999999'/></cputune>", 'highest that is read'],
    ["<cputune><emulatorpin cpuset=''/></cputune>", 'empty set'],
    [
      "<cputune><emulatorpin cpuset='0'/></cputune><cputune><emulatorpin cpuset='1'/></cputune>",
      'more than one <emulatorpin>',
    ],
    [
      "<cputune><iothreadpin iothread='1' cpuset='0'/></cputune>",
      'pins iothread 1, but the domain has no iothread',
    ],
    ["<cputune><vcpusched vcpus='0-4' scheduler='fifo'/></cputune>", 'names the vCPUs 0-4'],
    [
      "<cputune><vcpusched vcpus='0-1' scheduler='fifo'/><vcpusched vcpus='1' scheduler='rr'/></cputune>",
      'the vCPUs 1',
    ],
    ['<vcpu>4</vcpu>', 'more than one <vcpu>'],
    ['<name>t</name>', 'more than one <name>'],
    ['<cpu/><cpu/>', 'more than one <cpu>'],
    ['<cpu><numa/><numa/></cpu>', 'more than one <numa>'],
    ["<cpu><topology sockets='1' cores='2' threads='1'/></cpu>", 'makes 2 vCPUs, but <vcpu> says 4'],
    [
      "<cpu><numa><cell id='0' cpus='0-3' memory='204800'/></numa></cpu>",
      '204800 KiB together, but <memory> says 2097152',
    ],
    [
      "<cpu><numa><cell cpus='0-1' memory='1048576'/><cell cpus='1-3' memory='1048576'/></numa></cpu>",
      'the vCPUs 1 into two',
    ],
    ["<cpu><numa><cell cpus='0-4' memory='2097152'/></numa></cpu>", 'holds the vCPUs 0-4'],
    ["<cpu><numa><cell id='1' cpus='0-3' memory='2097152'/></numa></cpu>", 'ids 1; they must count from 0'],
    ["<numatune><memory nodeset='0'/><memory nodeset='1'/></numatune>", 'more than one <memory>'],
    ["<numatune><memnode cellid='0' nodeset='0'/></numatune>", 'binds guest cell 0, but the domain has 0'],
    ['<iothreadids><iothread id="2"/><iothread id="2"/></iothreadids>', 'two iothreads'],
    ['<iothreads>70000</iothreads>', 'no whole number'],
    [
      "<devices><hostdev type='pci'><source><address bus='0x100'/></source></hostdev></devices>",
      'no part of a PCI address',
    ],
    ['<cputune', 'cannot be read'],
  ])('refuses %s', (elements, reason) => {
    expect(() => readDomain(domain(elements))).toThrow(DomainXmlError);
    expect(() => readDomain(domain(elements))).toThrow(reason);
  });

  test.each([
    ['<node/>', 'root element <node>'],
    ["<domain type='kvm'/>", 'no <memory>'],
    ["<domain type='kvm'><memory>1</memory></domain>", 'no <name>'],
    ['<domain><name>t</name><memory>1</memory></domain>', 'no attribute type'],
    ["<domain type='kvm'><name>t</name><memory unit='miles'>1</memory></domain>", 'no memory size'],
    ["<domain type='kvm'><name>t</name><memory>1e9</memory></domain>", 'no memory size'],
    [
      "<domain type='kvm'><name>t</name><memory>9</memory><vcpu current='3'>2</vcpu></domain>",
      '3 vCPUs of at most 2',
    ],
    ["<domain type='kvm'><name>t</name><memory>9</memory><vcpu>0</vcpu></domain>", 'from 1 to'],
    ['<!DOCTYPE domain><domain/>', 'document type'],
  ])('refuses %s', (xml, reason) => {
    expect(() => readDomain(xml)).toThrow(DomainXmlError);
    expect(() => readDomain(xml)).toThrow(reason);
  });

  test('answers any damaged domain with a description or its one error', () => {
    const damage = fc.record({
      text: fc.constantFrom(OPENNEBULA_DOMAIN, DUMPED_DOMAIN),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      cut: fc.integer({ min: 0, max: 60 }),
      insert: fc.oneof(
        fc.constantFrom(
          '<',
          '>',
          "'",
          '"',
          '&',
          '4294967296',
          '-1',
          '0-9999999',
          '<vcpu>9</vcpu>',
          '</domain>',
          '\0',
        ),
        fc.string({ maxLength: 5 }),
      ),
    });
    fc.assert(
      fc.property(damage, ({ text, at, cut, insert }) => {
        const offset = Math.floor(at * text.length);
        try {
          readDomain(text.slice(0, offset) + insert + text.slice(offset + cut));
        } catch (error) {
          if (!(error instanceof DomainXmlError)) throw error;
          expect(error.message).toMatch(/\.$/);
        }
      }),
      { numRuns: 1500 },
    );
  });
});
