import { mapModelOfHost } from '../../formats/map/model-of-host.ts';
import { hostOfWorld, MAP_WORLDS } from '../../testing/map-worlds.ts';
import { renderMap } from './render-map.ts';

describe.each(Object.keys(MAP_WORLDS))('%s with guests', name => {
  const model = mapModelOfHost(hostOfWorld(MAP_WORLDS[name]!));

  test.each([80, 160])('in %d columns', width => {
    const map = renderMap(model, { color: false, width, headed: true });
    expect(map.split('\n').filter(line => line.length > width)).toEqual([]);
    expect(map).toMatchSnapshot();
  });
});
