import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localFiles } from '../../adapters/local/local-files.ts';
import { parseCpuList } from '../../domain/cpu-list.ts';
import { describeMap } from '../../formats/map/describe-map.ts';
import { mapHtml } from '../../formats/map/map-html.ts';
import { mapSvg } from '../../formats/map/map-svg.ts';
import { countedCpus } from '../../testing/counted-cpus.ts';
import { readMapModel } from './read-map-model.ts';
import { renderMap } from './render-map.ts';

const shared = join(process.env['PINFOLD_SHARED'] ?? join(process.cwd(), '../shared'), 'topologies');
const names = readdirSync(shared)
  .filter(file => file.endsWith('.tar.gz'))
  .map(file => file.slice(0, -'.tar.gz'.length));
const unpacked = mkdtempSync(join(tmpdir(), 'pinfold-captured-'));
afterAll(() => {
  rmSync(unpacked, { recursive: true });
});

/** The captured machine as its kernel shows it, without guests. */
function modelOf(name: string) {
  execFileSync('tar', ['-xzf', join(shared, `${name}.tar.gz`), '-C', unpacked]);
  return readMapModel({ files: localFiles(join(unpacked, name)), name }, {});
}

test('there are captured machines', () => {
  expect(names.length).toBeGreaterThan(15);
});

test.each(names)('the map of %s has every online CPU and no line that is too long', name => {
  const model = modelOf(name);
  const online = parseCpuList(model.topology.cpus.online).size;
  expect(online).toBeGreaterThan(0);
  for (const width of [60, 80, 160]) {
    const map = renderMap(model, { color: false, width, headed: true });
    expect(map.split('\n').filter(line => line.length > width)).toEqual([]);
    expect(countedCpus(map)).toBe(online);
  }
  const picture = describeMap(model);
  expect(mapSvg(picture).match(/<g class="cpu free"><title>CPU /g)).toHaveLength(online);
  expect(mapHtml(picture).match(/<button type="button" class="cpu free" /g)).toHaveLength(online);
});
