import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { topologyOf } from '../../machines/topology-of.ts';
import { namedMachine } from '../../machines/named-machines.ts';
import { hostOfWorld, MAP_WORLDS } from '../../testing/map-worlds.ts';
import { readXml } from '../xml/read-xml.ts';
import { describeMap } from './describe-map.ts';
import { HTML_SCRIPT, HTML_SCRIPT_HASH } from './html-script.ts';
import { mapHtml } from './map-html.ts';
import { mapSvg } from './map-svg.ts';
import { mapModelOfHost } from './model-of-host.ts';
import { visibleName } from './visible-name.ts';

const host = hostOfWorld(MAP_WORLDS['dual-socket-smt']!);

/** The pictures of a host whose first guest and whose node have this name. */
function drawnWith(name: string): { readonly html: string; readonly svg: string } {
  const [first, ...rest] = host.claims;
  const renamed = {
    ...host,
    topology: { ...host.topology, host: name },
    claims: [{ ...first!, vm: name }, ...rest],
  };
  const picture = describeMap(mapModelOfHost(renamed));
  return { html: mapHtml(picture, name), svg: mapSvg(picture, name) };
}

describe('hostile names', () => {
  test.each([
    ['a script', '<script>alert(1)</script>'],
    ['quotes', `"' onload="alert(1)`],
    ['an entity', '&lt;b&gt;&#60;'],
    ['the end of a comment', '--><svg onload=alert(1)>'],
  ])('%s is text in both drawings', (_, name) => {
    const { html, svg } = drawnWith(name);
    expect(html.match(/<script>/g)).toHaveLength(1);
    expect(html).not.toContain(name);
    expect(svg).not.toContain(name);
    expect(readXml(svg, 'the drawing').name).toBe('svg');
  });

  test('controls and direction marks are written out', () => {
    const { html, svg } = drawnWith('a\u202eb\u0000c\u001b[2Jd');
    for (const text of [html, svg]) {
      expect(text).toContain('a\\u{202e}b\\u{0}c\\u{1b}[2Jd');
      expect(visibleName(text.replaceAll('\n', ' '))).toBe(text.replaceAll('\n', ' '));
    }
  });

  test('three hundred letters are all there', () => {
    const name = 'x'.repeat(300);
    expect(drawnWith(name).html).toContain(name);
    const written = [...drawnWith(name).svg.matchAll(/class="text">(x+)</g)].map(match => match[1]).join('');
    expect(written).toHaveLength(300);
  });

  test('whatever a name is, the SVG stays XML and the page has one script and as many CPUs', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), name => {
        const { html, svg } = drawnWith(name);
        expect(readXml(svg, 'the drawing').name).toBe('svg');
        expect(html.match(/<script>/g)).toHaveLength(1);
        expect(html.match(/<button type="button" class="cpu/g)).toHaveLength(32);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the page', () => {
  test('lets exactly its own script run', () => {
    expect(HTML_SCRIPT_HASH).toBe(createHash('sha256').update(HTML_SCRIPT).digest('base64'));
    const { html } = drawnWith('a');
    expect(html).toContain(`script-src 'sha256-${HTML_SCRIPT_HASH}'"`);
    expect(html).toContain(`<script>${HTML_SCRIPT}</script>`);
  });

  test('needs nothing beside it', () => {
    const { html } = drawnWith('a');
    expect(html.match(/(?:src|href)="[^"]*"/g)).toEqual(['href="data:,"']);
    expect(html).not.toMatch(/url\(|@import|https?:/);
  });

  test('is the same for the same picture', () => {
    expect(drawnWith('a')).toEqual(drawnWith('a'));
  });
});

describe('what a CPU tells', () => {
  const tips = (name: keyof typeof MAP_WORLDS) =>
    new Map(
      describeMap(mapModelOfHost(hostOfWorld(MAP_WORLDS[name]!)))
        .sockets.flatMap(({ cells }) => cells)
        .flatMap(({ domains }) => domains)
        .flatMap(({ sections }) => sections)
        .flatMap(({ cores }) => cores)
        .flatMap(({ cpus }) => cpus)
        .map(({ cpu, tip }) => [cpu, tip]),
    );

  test('is its place, its owner and the reason', () => {
    const of = tips('dual-socket-smt');
    expect(of.get(1)).toEqual({
      place: 'CPU 1 · core 1,17 · cell 0 · socket 0',
      owner: 'database',
      reason: 'It holds this CPU: no other guest is placed here.',
    });
    expect(of.get(3)!.reason).toContain('those of database and cache');
    expect(of.get(26)).toMatchObject({ owner: 'kept empty for robot' });
    expect(of.get(26)!.reason).toContain('on 1 other thread of this core (CPU 10)');
    expect(of.get(8)!.reason).toContain('web may run here');
    expect(of.get(0)!.owner).toBe('the host');
    expect(of.get(7)).toMatchObject({ owner: 'free' });
  });

  test('names the guests that are pinned to it together, and counts those beyond six', () => {
    const claims = Array.from({ length: 9 }, (_, index) => ({
      vm: `g${index}`,
      source: 'observed' as const,
      cells: [{ hostCell: 0, pcpus: '2', sharedVcpus: 0, memoryMiB: 0, pageSizeKiB: null, pages: 0 }],
    }));
    const topology = topologyOf(namedMachine('laptop-1c'));
    const model = mapModelOfHost({ kind: 'pinfold/host', version: 1, topology, policy: {}, claims });
    const html = mapHtml(describeMap(model));
    expect(html).toContain('vCPUs of g0, g1, g2, g3, g4, g5 and 3 others are pinned to this one CPU');
  });
});
