import fc from 'fast-check';
import type { Claim } from '../../domain/claim.ts';
import { DUMPED_DOMAIN, OPENNEBULA_DOMAIN } from '../../testing/domains.ts';
import { readXml } from '../xml/read-xml.ts';
import { CLAIM_NAMESPACE, CLAIM_PREFIX, readClaimMetadata, writeClaimMetadata } from './claim-metadata.ts';
import { DomainXmlError } from './domain-xml-error.ts';

const CLAIM: Claim = {
  vm: 'one-42',
  source: 'observed',
  cells: [
    {
      hostCell: 1,
      pcpus: '8-10,24-25',
      burnt: '24-25',
      sharedVcpus: 0,
      memoryMiB: 2048,
      pageSizeKiB: null,
      pages: 524288,
    },
  ],
  emulator: { policy: 'isolate', cpus: '10', share: 1 },
  devices: ['0000:21:00.1'],
};

/** What libvirt makes of `virsh metadata --set FRAGMENT --uri … --key …` in the dump. */
function setMetadata(fragment: string, indent = '\n    '): string {
  const inner = fragment
    .replace(/^<claim/, `<${CLAIM_PREFIX}:claim xmlns:${CLAIM_PREFIX}="${CLAIM_NAMESPACE}"`)
    .replace('</claim>', `</${CLAIM_PREFIX}:claim>`);
  return DUMPED_DOMAIN.replace(
    '<memory ',
    () => `<metadata>${indent}${inner}${indent}</metadata>\n  <memory `,
  );
}

describe("a claim in the domain's metadata", () => {
  test('is read back as it was written', () => {
    const extra = {
      profile: 'database',
      specs: { 'hw:cpu_policy': 'dedicated' },
      note: 'größer & <älter> 💾',
    };
    expect(readClaimMetadata(setMetadata(writeClaimMetadata(CLAIM, extra)))).toEqual({ claim: CLAIM, extra });
  });

  test('is one element of printable ASCII, whatever it carries', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.dictionary(fc.string(), fc.string()), (vm, extra) => {
        const fragment = writeClaimMetadata({ ...CLAIM, vm }, extra);
        expect(fragment).toMatch(/^[\x20-\x7e]+$/);
        expect(readXml(fragment, 'The fragment').name).toBe('claim');
        const read = readClaimMetadata(setMetadata(fragment));
        expect(read).toEqual({ claim: { ...CLAIM, vm }, extra: JSON.parse(JSON.stringify(extra)) });
      }),
    );
  });

  test('is missing from a domain that Pinfold has not placed', () => {
    expect(readClaimMetadata(DUMPED_DOMAIN)).toBeNull();
    expect(readClaimMetadata(OPENNEBULA_DOMAIN)).toBeNull();
  });

  test('is told by its namespace, not by its name or prefix', () => {
    const fragment = writeClaimMetadata(CLAIM);
    const renamed = setMetadata(fragment)
      .replace('<pinfold:claim xmlns:pinfold', '<x:claim xmlns:x')
      .replace('</pinfold:claim>', '</x:claim>');
    expect(readClaimMetadata(renamed)?.claim).toEqual(CLAIM);
    expect(
      readClaimMetadata(setMetadata(fragment).replace(`"${CLAIM_NAMESPACE}"`, '"urn:other"')),
    ).toBeNull();
    const outside = setMetadata(fragment)
      .replace(` xmlns:pinfold="${CLAIM_NAMESPACE}"`, '')
      .replace('<domain ', `<domain xmlns:pinfold='${CLAIM_NAMESPACE}' `);
    expect(readClaimMetadata(outside)?.claim).toEqual(CLAIM);
  });

  test.each([
    ['no JSON', '<claim>x</claim>'],
    ['another shape', '<claim>[]</claim>'],
    ['no claim', '<claim>{"extra":{}}</claim>'],
    [
      'a CPU list that is none',
      writeClaimMetadata({ ...CLAIM, emulator: { ...CLAIM.emulator!, cpus: 'all' } }),
    ],
    ['a source that is none', writeClaimMetadata({ ...CLAIM, source: 'guessed' as never })],
    ['a negative size', writeClaimMetadata({ ...CLAIM, cells: [{ ...CLAIM.cells[0]!, memoryMiB: -1 }] })],
  ])('is refused by name when it holds %s', (_, fragment) => {
    expect(() => readClaimMetadata(setMetadata(fragment))).toThrow(DomainXmlError);
    expect(() => readClaimMetadata(setMetadata(fragment))).toThrow('virsh metadata --remove');
  });
});
