import type { PlacementRequest } from '../../domain/placement-request.ts';
import { explain } from '../../engine/explain.ts';
import { buildHostModel } from '../../engine/host-model.ts';
import { hostOfWorld, MAP_WORLDS } from '../../testing/map-worlds.ts';
import { renderExplanation } from './render-explanation.ts';

/** A guest that comes when the guests of the world are there. */
function newcomer(vcpus: number, extraSpecs: Readonly<Record<string, string>>): PlacementRequest {
  return {
    kind: 'pinfold/request',
    version: 1,
    vm: 'newcomer',
    vcpus,
    memoryMiB: 2048,
    carrier: 'libvirt',
    extraSpecs: { 'hw:cpu_policy': 'dedicated', ...extraSpecs },
  };
}

const GUESTS: Readonly<Record<string, PlacementRequest>> = {
  'that fits': newcomer(2, { 'hw:emulator_threads_policy': 'isolate' }),
  'that does not fit': newcomer(1024, { 'hw:numa_nodes': '1' }),
};

describe.each(Object.keys(MAP_WORLDS))('on %s, a guest', name => {
  const model = buildHostModel(hostOfWorld(MAP_WORLDS[name]!));

  describe.each(Object.keys(GUESTS))('%s', kind => {
    test.each([80, 160])('is explained in %d columns', width => {
      const lines = renderExplanation(explain(model, GUESTS[kind]!), width);
      expect(lines.filter(line => line.length > width)).toEqual([]);
      expect(lines.join('\n')).toMatchSnapshot();
    });
  });
});
