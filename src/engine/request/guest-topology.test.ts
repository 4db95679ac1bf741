import fc from 'fast-check';
import { chooseGuestTopology } from './guest-topology.ts';

const NOTHING = { sockets: null, cores: null, threads: null };
const wish = (preferred: object = {}, maximum: object = {}) => ({
  preferred: { ...NOTHING, ...preferred },
  maximum: { ...NOTHING, ...maximum },
});
const chosen = (...args: Parameters<typeof chooseGuestTopology>) => {
  const topology = chooseGuestTopology(...args);
  return topology === null ? null : `${topology.sockets}:${topology.cores}:${topology.threads}`;
};

describe('the topology that a guest is told', () => {
  test('without wishes is one socket per vCPU, as Nova tells it', () => {
    expect(chosen(8, wish())).toBe('8:1:1');
  });

  test.each([
    [8, { sockets: 2 }, {}, '2:4:1'],
    [4, { sockets: 3 }, {}, '4:1:1'],
    [6, { sockets: 2, cores: 2, threads: 2 }, {}, '3:2:1'],
    [7, {}, { sockets: 2 }, '1:7:1'],
    [6, {}, { sockets: 1, cores: 2, threads: 1 }, null],
  ])('of %d vCPUs with preferences %j and limits %j is %s', (vcpus, preferred, maximum, expected) => {
    expect(chosen(vcpus, wish(preferred, maximum))).toBe(expected);
  });

  test('follows the real siblings where no preference is stated', () => {
    expect(chosen(8, wish(), { threadsPerCore: 2, sockets: 1 })).toBe('1:4:2');
    expect(chosen(8, wish(), { threadsPerCore: 2, sockets: 2 })).toBe('2:2:2');
    expect(chosen(8, wish(), { threadsPerCore: 4, sockets: 3 })).toBe('2:1:4');
    expect(chosen(8, wish({ sockets: 4 }), { threadsPerCore: 2, sockets: 1 })).toBe('4:2:1');
    expect(chosen(8, wish({}, { threads: 1 }), { threadsPerCore: 2, sockets: 1 })).toBe('1:8:1');
    expect(chosen(7, wish(), { threadsPerCore: 2, sockets: 1 })).toBe('1:7:1');
    expect(chosen(8, wish(), { threadsPerCore: 1, sockets: 1 })).toBe('8:1:1');
  });

  test('always multiplies to the vCPUs and keeps the limits', () => {
    const part = fc.option(fc.integer({ min: 1, max: 9 }), { nil: null });
    const parts = fc.record({ sockets: part, cores: part, threads: part });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), parts, parts, (vcpus, preferred, maximum) => {
        const topology = chooseGuestTopology(vcpus, { preferred, maximum });
        if (topology === null) return;
        expect(topology.sockets * topology.cores * topology.threads).toBe(vcpus);
        for (const name of ['sockets', 'cores', 'threads'] as const)
          expect(topology[name]).toBeLessThanOrEqual(maximum[name] ?? vcpus);
      }),
    );
  });
});
