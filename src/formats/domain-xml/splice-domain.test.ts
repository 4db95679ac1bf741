import fc from 'fast-check';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { Placement } from '../../domain/decision.ts';
import {
  DUMPED_DOMAIN,
  ONE_CELL_PLACEMENT,
  OPENNEBULA_DOMAIN,
  TWO_CELL_PLACEMENT,
} from '../../testing/domains.ts';
import { readXml } from '../xml/read-xml.ts';
import { DomainXmlError } from './domain-xml-error.ts';
import { effectOfDomain } from './effect-of-domain.ts';
import { readDomain } from './read-domain.ts';
import { spliceDomain } from './splice-domain.ts';

const OURS = ['vcpu', 'cputune', 'numatune', 'memoryBacking', 'cpu'];

/** The text without our elements and the white space before them. */
function withoutOurs(xml: string): string {
  const root = readXml(xml, 'The text');
  return root.children
    .filter(({ name }) => OURS.includes(name))
    .reverse()
    .reduce((text, { start, end }) => text.slice(0, start).trimEnd() + text.slice(end), xml);
}

describe('splicing into a domain as OpenNebula writes it', () => {
  const spliced = spliceDomain(OPENNEBULA_DOMAIN, ONE_CELL_PLACEMENT);

  test('adds lines laid out like the others and changes no other', () => {
    const before = OPENNEBULA_DOMAIN.split('\n');
    const after = spliced.split('\n');
    const added = after.filter(line => !before.includes(line));
    expect(added).toEqual([
      "\t\t<vcpupin vcpu='0' cpuset='8'/>",
      "\t\t<vcpupin vcpu='1' cpuset='24'/>",
      "\t\t<vcpupin vcpu='2' cpuset='9'/>",
      "\t\t<vcpupin vcpu='3' cpuset='25'/>",
      "\t\t<emulatorpin cpuset='10'/>",
      "\t\t<iothreadpin iothread='1' cpuset='10'/>",
      '\t<numatune>',
      "\t\t<memory mode='restrictive' nodeset='1'/>",
      '\t</numatune>',
      "\t\t<topology sockets='1' cores='2' threads='2'/>",
      '\t\t<numa>',
      "\t\t\t<cell id='0' cpus='0-3' memory='2097152' unit='KiB'/>",
      '\t\t</numa>',
    ]);
    expect(after.filter(line => !added.includes(line))).toEqual(before);
  });

  test('changes nothing the second time', () => {
    expect(spliceDomain(spliced, ONE_CELL_PLACEMENT)).toBe(spliced);
  });

  test('reads back as the placement', () => {
    expect(effectOfDomain(spliced)).toEqual({
      vcpus: ONE_CELL_PLACEMENT.pins,
      emulator: '10',
      iothreads: { 1: '10' },
      schedulers: {},
      memory: { 0: { mode: 'restrictive', nodeset: '1' } },
      pages: {},
      locked: false,
      nosharepages: false,
      cells: [{ vcpus: '0-3', memoryKiB: 2097152, shared: false }],
      topology: { sockets: 1, dies: 1, clusters: 1, cores: 2, threads: 2 },
      physicalAddress: null,
    });
  });
});

describe('splicing into a domain that carries a placement', () => {
  const spliced = spliceDomain(DUMPED_DOMAIN, TWO_CELL_PLACEMENT, { atStart: true });

  test('replaces pins, policy, pages and topology where they stand', () => {
    expect(spliced).toContain(`
  <cputune>
    <shares>2048</shares>
    <period>100000</period>
    <quota>-1</quota>
    <vcpupin vcpu='0' cpuset='40'/>
    <vcpupin vcpu='1' cpuset='41'/>
    <vcpupin vcpu='2' cpuset='4'/>
    <vcpupin vcpu='3' cpuset='5'/>
    <emulatorpin cpuset='0,40'/>
    <iothreadpin iothread='1' cpuset='0'/>
    <iothreadpin iothread='5' cpuset='0'/>
    <vcpusched vcpus='2-3' scheduler='fifo' priority='1'/>
  </cputune>
  <numatune>
    <memory mode='strict' nodeset='0,2'/>
    <memnode cellid='0' mode='strict' nodeset='2'/>
    <memnode cellid='1' mode='strict' nodeset='0'/>
  </numatune>`);
    expect(spliced).toContain(`
  <memoryBacking>
    <hugepages>
      <page size='1048576' unit='KiB' nodeset='0-1'/>
    </hugepages>
    <source type='memfd'/>
    <access mode='shared'/>
    <nosharepages/>
    <locked/>
  </memoryBacking>`);
  });

  test('keeps the model, the features and what the cells say about themselves', () => {
    expect(spliced).toContain(`
    <model fallback='forbid'>EPYC</model>
    <topology sockets='2' cores='2' threads='1'/>
    <feature policy='require' name='x2apic'/>
    <numa>
      <cell id='0' cpus='0-1' memory='2097152' unit='KiB' memAccess='shared'>
        <distances>
          <sibling id='0' value='10'/>
          <sibling id='1' value='21'/>
        </distances>
      </cell>
      <cell id='1' cpus='2-3' memory='2097152' unit='KiB' memAccess='shared' discard='yes'/>
    </numa>
  </cpu>`);
    expect(withoutOurs(spliced)).toBe(withoutOurs(DUMPED_DOMAIN));
  });

  test('narrows the emulator threads when it is not for the launch', () => {
    expect(readDomain(spliced).pins.emulator).toBe('0,40');
    expect(readDomain(spliceDomain(spliced, TWO_CELL_PLACEMENT)).pins.emulator).toBe('0');
  });

  test('takes large pages, their shared access and cell bindings off a placement that has none', () => {
    const cells = [{ guestCell: 0, hostCell: 1, vcpus: '0-3', memoryMiB: 4096, pageSizeKiB: 4 }];
    const small: Placement = { ...ONE_CELL_PLACEMENT, cells };
    const plain = DUMPED_DOMAIN.replace("    <source type='memfd'/>\n    <access mode='shared'/>\n", '');
    const result = spliceDomain(plain, small);
    expect(effectOfDomain(result)).toMatchObject({
      pages: {},
      memory: { 0: { mode: 'restrictive', nodeset: '1' } },
      cells: [{ vcpus: '0-3', memoryKiB: 4194304, shared: false }],
    });
    expect(result).not.toContain('memoryBacking');
    expect(spliceDomain(result, small)).toBe(result);
  });
});

/** A domain on one line or with line ends, holding these elements behind name, memory and 4 vCPUs. */
const domain = (elements: string) =>
  `<domain type='kvm'>\n  <name>t</name>\n  <memory>2097152</memory>\n  <vcpu>4</vcpu>\n  <iothreads>1</iothreads>\n${elements}</domain>`;

describe('the forms a domain comes in', () => {
  test.each([
    ["  <cpu mode='host-model'/>\n", "  <cpu mode='host-model'>\n    <topology"],
    ["  <cpu mode='host-model' />\n", "  <cpu mode='host-model'>\n    <topology"],
    ["  <cpu mode='host-model'></cpu>\n", "  <cpu mode='host-model'>\n    <topology"],
    ['', '  <cpu>\n    <topology'],
    ['  <features/>\n  <clock/>\n', '  <features/>\n  <cpu>\n    <topology'],
    ['  <cputune/>\n', "  <cputune>\n    <vcpupin vcpu='0'"],
    ['  <cputune><shares>1</shares></cputune>\n', "  <cputune><shares>1</shares>\n    <vcpupin vcpu='0'"],
    [
      "  <numatune>\n    <memory placement='auto'/>\n  </numatune>\n",
      "  <numatune>\n    <memory mode='restrictive'",
    ],
    ['  <memoryBacking>\n    <hugepages/>\n  </memoryBacking>\n', '<iothreads>1</iothreads>\n  <cputune>'],
    [
      '  <memoryBacking><!-- why --><hugepages/></memoryBacking>\n',
      '<memoryBacking><!-- why --></memoryBacking>',
    ],
    [
      "  <cputune>\n    <!-- <vcpupin vcpu='0' cpuset='7'/> -->\n  </cputune>\n",
      "-->\n    <vcpupin vcpu='0' cpuset='8'/>",
    ],
  ])('%j becomes %j', (elements, expected) => {
    const result = spliceDomain(domain(elements), ONE_CELL_PLACEMENT);
    expect(result).toContain(expected);
    expect(spliceDomain(result, ONE_CELL_PLACEMENT)).toBe(result);
    expect(withoutOurs(result)).toBe(withoutOurs(domain(elements)));
  });

  test('one line stays one line', () => {
    const line = domain('').replace(/\n */g, '');
    const result = spliceDomain(line, ONE_CELL_PLACEMENT);
    expect(result).not.toContain('\n');
    expect(spliceDomain(result, ONE_CELL_PLACEMENT)).toBe(result);
  });

  test('CRLF stays CRLF', () => {
    const result = spliceDomain(OPENNEBULA_DOMAIN.replace(/\n/g, '\r\n'), ONE_CELL_PLACEMENT);
    expect(result).toBe(spliceDomain(OPENNEBULA_DOMAIN, ONE_CELL_PLACEMENT).replace(/\n/g, '\r\n'));
  });

  test('numad is switched off and a set for all threads goes', () => {
    const auto = domain('').replace('<vcpu>', '<vcpu placement=\'auto\' cpuset="0-3">');
    expect(spliceDomain(auto, ONE_CELL_PLACEMENT)).toContain("<vcpu placement='static'>4</vcpu>");
  });

  test('vCPUs that may be plugged in later stay on the CPUs of the guest and in its first cell', () => {
    const growing = domain('').replace('<vcpu>4', "<vcpu current='4'>6");
    const result = spliceDomain(growing, ONE_CELL_PLACEMENT);
    expect(result).toContain("<vcpu current='4' cpuset='8-9,24-25'>6</vcpu>");
    expect(result).toContain("cpus='0-5'");
    expect(result).not.toContain('<topology');
    expect(spliceDomain(result, ONE_CELL_PLACEMENT)).toBe(result);
  });

  test('the width of physical addresses is written where it is asked for', () => {
    const options = { physicalAddress: { mode: 'emulate', bits: 42 } };
    const result = spliceDomain(domain(''), ONE_CELL_PLACEMENT, options);
    expect(result).toContain("<maxphysaddr mode='emulate' bits='42'/>");
    expect(spliceDomain(result, ONE_CELL_PLACEMENT, options)).toBe(result);
  });

  test('locked memory locks', () => {
    expect(spliceDomain(domain(''), ONE_CELL_PLACEMENT, { lockedMemory: true })).toContain(
      '  <memory>2097152</memory>\n  <memoryBacking>\n    <locked/>\n  </memoryBacking>\n  <vcpu>',
    );
  });

  test.each<[string, Partial<Placement>, string]>([
    ['fewer vCPUs', { pins: { 0: '1' } }, 'pins 1 vCPU, but <vcpu> of domain t says 4'],
    ['other vCPUs', { pins: { 0: '1', 1: '2', 2: '3', 4: '4' } }, 'pins 4 vCPUs'],
    ['another topology', { topology: { sockets: 3, cores: 1, threads: 1 } }, 'not the 4 vCPUs of domain t'],
    ['another iothread', { iothreads: { 2: '1' } }, 'iothread 2, but domain t has 1'],
    ['other memory', { cells: [{ ...ONE_CELL_PLACEMENT.cells[0]!, memoryMiB: 1024 }] }, '1024 MiB together'],
  ])('a placement with %s is refused', (_, change, reason) => {
    const splice = () => spliceDomain(domain(''), { ...ONE_CELL_PLACEMENT, ...change });
    expect(splice).toThrow(DomainXmlError);
    expect(splice).toThrow(reason);
  });
});

/** A placement of `vcpus` vCPUs and `memoryMiB` on one or several cells. */
function arbitraryPlacement(vcpus: number, memoryMiB: number): fc.Arbitrary<Placement> {
  const cpus = fc
    .uniqueArray(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 4 })
    .map(list => CpuSet.of(list).toString());
  return fc
    .record({
      pins: fc.array(cpus, { minLength: vcpus, maxLength: vcpus }),
      emulator: fc.tuple(fc.oneof(cpus, fc.constant('')), cpus),
      iothread: fc.oneof(cpus, fc.constant('')),
      cells: fc.integer({ min: 1, max: Math.min(vcpus, 3) }),
      page: fc.constantFrom(null, 4, 2048, 1048576),
      realtime: fc.boolean(),
      memoryMode: fc.constantFrom('strict', 'restrictive', 'none'),
    })
    .map(drawn => ({
      ...ONE_CELL_PLACEMENT,
      cells: Array.from({ length: drawn.cells }, (_, id) => ({
        guestCell: id,
        hostCell: 7 - id,
        vcpus: CpuSet.range(id, id === drawn.cells - 1 ? vcpus - 1 : id).toString(),
        memoryMiB: id === 0 ? memoryMiB - (drawn.cells - 1) * 16 : 16,
        pageSizeKiB: id === 1 ? null : drawn.page,
      })),
      pins: Object.fromEntries(drawn.pins.map((set, vcpu) => [vcpu, set])),
      emulator: { policy: 'float', cpus: drawn.emulator[0], atStart: drawn.emulator[1], share: 0 },
      iothreads: { 1: drawn.iothread },
      realtime: drawn.realtime ? { vcpus: '0', scheduler: 'fifo', priority: 1 } : null,
      topology: { sockets: vcpus, cores: 1, threads: 1 },
      memoryMode: drawn.memoryMode,
      nodeset: '5-7',
    }));
}

/** A domain with one iothread, whose pieces stand in any order, with any white space, comments and earlier pins. */
function arbitraryDomain(vcpus: number, memoryMiB: number): fc.Arbitrary<string> {
  const gap = fc.constantFrom(
    '\n  ',
    '\n\t',
    '',
    ' ',
    '\r\n    ',
    '\n  <!-- <cputune/> -->\n  ',
    "<?note it's?>",
  );
  const optional = (...forms: string[]) => fc.constantFrom('', ...forms);
  const pieces = fc.tuple(
    fc.constant('<name>t</name>'),
    fc.constantFrom(`<memory>${memoryMiB * 1024}</memory>`, `<memory unit="MiB"> ${memoryMiB} </memory>`),
    fc.constantFrom(
      `<vcpu>${vcpus}</vcpu>`,
      `<vcpu placement='auto' cpuset="1-3"><![CDATA[${vcpus}]]></vcpu>`,
    ),
    fc.constant('<iothreads>1</iothreads>'),
    optional(
      '<cputune/>',
      '<cputune><shares>3</shares><vcpupin vcpu="0" cpuset="1"/>\n<quota>-1</quota></cputune>',
      "<cputune>\n    <emulatorpin cpuset='3'/>\n    <!-- x -->\n    <vcpusched vcpus='0' scheduler='rr' priority='2'/></cputune>",
    ),
    optional("<cputune><global_period>9</global_period>   <iothreadpin iothread='1' cpuset='9'/></cputune>"),
    optional('<numatune/>', "<numatune>\n    <memory mode='preferred' nodeset='0'/>\n  </numatune>"),
    optional(
      '<memoryBacking/>',
      '<memoryBacking><hugepages/></memoryBacking>',
      '<memoryBacking>\n  <source type="file"/><locked/>\n  </memoryBacking>',
    ),
    optional(
      '<cpu/>',
      '<cpu mode="host-model" />',
      `<cpu>\n<model>x</model><numa><cell id='0' cpus='0-${vcpus - 1}' memory='${memoryMiB * 1024}' memAccess="private" /></numa><cache level='3'/></cpu>`,
      `<cpu><topology cores="${vcpus}"></topology>\n  </cpu>`,
    ),
    optional('<metadata><one:vm xmlns:one="u"><![CDATA[<cpu/>]]></one:vm></metadata>'),
    optional("<devices><vcpu>no</vcpu><x a='<'/></devices>".replace("<'", ">'")),
  );
  return pieces
    .chain(parts =>
      fc.shuffledSubarray(
        parts.filter(part => part !== ''),
        { minLength: parts.filter(part => part !== '').length },
      ),
    )
    .chain(parts =>
      fc
        .tuple(
          gap,
          fc.array(gap, { minLength: parts.length, maxLength: parts.length }),
          fc.constantFrom('', '\ufeff', '<?xml version="1.0"?>\n'),
        )
        .map(
          ([last, gaps, head]) =>
            `${head}<domain type='kvm'>${parts.map((part, i) => gaps[i]! + part).join('')}${last}</domain>\n`,
        ),
    );
}

describe('splicing any placement into any domain', () => {
  const cases = fc
    .record({ vcpus: fc.integer({ min: 1, max: 6 }), memoryMiB: fc.integer({ min: 64, max: 4096 }) })
    .chain(({ vcpus, memoryMiB }) =>
      fc.record({
        xml: arbitraryDomain(vcpus, memoryMiB),
        first: arbitraryPlacement(vcpus, memoryMiB),
        second: arbitraryPlacement(vcpus, memoryMiB),
        atStart: fc.boolean(),
      }),
    );

  test('changes nothing outside of our elements, and nothing the second time', () => {
    fc.assert(
      fc.property(cases, ({ xml, first, atStart }) => {
        const once = spliceDomain(xml, first, { atStart });
        expect(withoutOurs(once)).toBe(withoutOurs(xml));
        expect(spliceDomain(once, first, { atStart })).toBe(once);
      }),
      { numRuns: 400 },
    );
  });

  test('answers any damaged domain with a domain or its one error', () => {
    fc.assert(
      fc.property(
        fc.nat(DUMPED_DOMAIN.length),
        fc.nat(80),
        fc.string({ maxLength: 3 }),
        (at, cut, insert) => {
          const damaged = DUMPED_DOMAIN.slice(0, at) + insert + DUMPED_DOMAIN.slice(at + cut);
          try {
            const once = spliceDomain(damaged, TWO_CELL_PLACEMENT);
            expect(spliceDomain(once, TWO_CELL_PLACEMENT)).toBe(once);
          } catch (error) {
            if (!(error instanceof DomainXmlError)) throw error;
          }
        },
      ),
      { numRuns: 800 },
    );
  });

  test('makes the domain say what the placement says, whatever it said before', () => {
    fc.assert(
      fc.property(cases, ({ xml, first, second, atStart }) => {
        const { pins, numatune, guestCells, memoryBacking, vcpuCpuset } = readDomain(
          spliceDomain(spliceDomain(xml, first), second, { atStart }),
        );
        const emulator = atStart ? second.emulator.atStart : second.emulator.cpus;
        expect(pins).toEqual({
          vcpus: second.pins,
          emulator: emulator === '' ? null : emulator,
          iothreads: second.iothreads[1] === '' ? {} : second.iothreads,
          schedulers: second.realtime === null ? [] : [second.realtime],
        });
        expect(vcpuCpuset).toBeNull();
        expect(numatune?.nodeset ?? 'none').toBe(second.memoryMode === 'none' ? 'none' : '5-7');
        expect(Object.keys(numatune?.cells ?? {})).toHaveLength(
          second.memoryMode === 'strict' ? second.cells.length : 0,
        );
        expect(guestCells.map(({ vcpus, memoryKiB }) => [vcpus, memoryKiB])).toEqual(
          second.cells.map(({ vcpus, memoryMiB }) => [vcpus, memoryMiB * 1024]),
        );
        const large = second.cells.filter(({ pageSizeKiB }) => (pageSizeKiB ?? 4) > 4);
        expect(memoryBacking.hugePages).toEqual(
          large.length === 0
            ? []
            : [
                {
                  sizeKiB: large[0]!.pageSizeKiB,
                  cells: CpuSet.of(large.map(({ guestCell }) => guestCell)).toString(),
                },
              ],
        );
        if (large.length > 0) expect(guestCells.every(({ access }) => access === 'shared')).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  test('keeps what Pinfold does not decide inside of our elements', () => {
    const kept = [
      '<shares>3</shares>',
      '<quota>-1</quota>',
      '<!-- x -->',
      '<source type="file"/>',
      '<model>x</model>',
      "<cache level='3'/>",
    ];
    fc.assert(
      fc.property(cases, ({ xml, first }) => {
        const once = spliceDomain(xml, first);
        for (const part of kept) expect(once.includes(part)).toBe(xml.includes(part));
      }),
    );
  });
});
