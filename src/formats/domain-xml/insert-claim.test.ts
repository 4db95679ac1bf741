import type { Claim } from '../../domain/claim.ts';
import { readClaimMetadata, writeClaimMetadata } from './claim-metadata.ts';
import { insertClaim } from './insert-claim.ts';
import { withoutPlacement } from './without-placement.ts';

const claim: Claim = { vm: 'one-7', source: 'observed', cells: [], emulator: null };
const fragment = writeClaimMetadata(claim, { profile: 'a<b>&"c"' });
const domain = (metadata: string) =>
  `<domain type='kvm'><name>one-7</name><vcpu cpuset='0-3'>2</vcpu>${metadata}<memory>1024</memory></domain>\n`;
const ONE = '<metadata>\n  <one:vm xmlns:one="http://opennebula.org/xmlns/libvirt/1.0"/>\n</metadata>';

describe("a domain's own claim", () => {
  test.each([
    ['without metadata', domain('')],
    ['with empty metadata', domain('<metadata/>')],
    ["with somebody else's metadata", domain(ONE)],
  ])('is read back from a domain %s, and taking it out leaves what was there', (_, xml) => {
    const carrying = insertClaim(xml, fragment);
    expect(readClaimMetadata(carrying)).toEqual({ claim, extra: { profile: 'a<b>&"c"' } });
    expect(insertClaim(carrying, fragment)).toBe(carrying);
    expect(insertClaim(carrying, null).replace('<metadata></metadata>', '')).toBe(
      xml.replace('<metadata/>', ''),
    );
  });

  test('replaces an older one', () => {
    const older = insertClaim(domain(ONE), writeClaimMetadata({ ...claim, vm: 'one-6' }));
    const newer = insertClaim(older, fragment);
    expect(newer).toBe(insertClaim(domain(ONE), fragment));
  });
});

test('a domain travels without the CPUs and cells of its host, and with everything that its guest sees', () => {
  const xml = insertClaim(
    domain(
      `${ONE}<cputune><shares>2048</shares><vcpupin vcpu='0' cpuset='4'/><vcpupin vcpu='1' cpuset='5'/><emulatorpin cpuset='0'/><vcpusched vcpus='0' scheduler='fifo' priority='1'/></cputune><numatune><memory mode='strict' nodeset='1'/></numatune><cpu><topology sockets='1' cores='2' threads='1'/></cpu>`,
    ),
    fragment,
  );
  expect(withoutPlacement(xml)).toBe(
    `<domain type='kvm'><name>one-7</name><vcpu >2</vcpu>${ONE}<cputune><shares>2048</shares></cputune><cpu><topology sockets='1' cores='2' threads='1'/></cpu><memory>1024</memory></domain>\n`,
  );
});
