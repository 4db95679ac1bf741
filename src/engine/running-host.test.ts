import fc from 'fast-check';
import { hostOf } from '../machines/host-of.ts';
import { plainGuest } from '../testing/plain-guest.ts';
import { smallGuests } from '../testing/small-guests.ts';
import { smallHosts } from '../testing/small-hosts.ts';
import { twoCells } from '../testing/two-cells.ts';
import { buildHostModel, type HostModel } from './host-model.ts';
import { RunningHost } from './running-host.ts';

/** Everything that decides; the sums per cell are in the cells themselves. */
function known(model: HostModel): object {
  const { cells, usage, freeDevices, emulatorPins, spareMiB } = model;
  const { cpus, poolCpus, devices } = usage;
  return { cells, cpus, poolCpus, devices, freeDevices, emulatorPins, spareMiB };
}

describe('a host on which guests come and go', () => {
  test('is after every change what its claims say, as if read anew', () => {
    const steps = fc.array(fc.record({ spec: smallGuests, leave: fc.nat(9) }), { maxLength: 8 });
    fc.assert(
      fc.property(smallHosts, steps, (host, changes) => {
        const running = new RunningHost(host);
        changes.forEach(({ spec, leave }, index) => {
          const offer = running.offer({ ...spec, vm: `g${index}` });
          if (offer.ok) running.put(offer.guest);
          else running.remove(`g${leave}`);
          expect(known(running.model)).toEqual(known(buildHostModel({ ...host, claims: running.claims })));
        });
      }),
      { numRuns: 300, seed: 5 },
    );
  });

  test('does not give the pages that are free to two guests: what others have of a cell stays theirs', () => {
    const host = hostOf(twoCells, { strategy: 'pack' });
    const cells = host.topology.cells.map(cell => ({
      ...cell,
      pages: cell.pages.map((pool, index) => (index === 0 ? { ...pool, free: (3072 * 1024) / 4 } : pool)),
    }));
    const running = new RunningHost({ ...host, topology: { ...host.topology, cells } });
    const guest = (vm: string) => plainGuest({ vm, memoryMiB: 2048, allowedCells: [0] });
    const offer = running.offer(guest('first'));
    expect(offer.ok).toBe(true);
    if (offer.ok) running.put(offer.guest);
    expect(running.offer(guest('second')).ok).toBe(false);
    expect(running.offer({ ...guest('second'), allowedCells: [1] }).ok).toBe(true);
    running.remove('first');
    expect(running.offer(guest('second')).ok).toBe(true);
  });

  test('lets a guest that moves keep its place in the order of arrival', () => {
    fc.assert(
      fc.property(smallHosts, smallGuests, smallGuests, (host, first, second) => {
        const running = new RunningHost(host);
        for (const [vm, spec] of Object.entries({ first, second })) {
          const offer = running.offer({ ...spec, vm });
          if (offer.ok) running.put(offer.guest);
        }
        const before = running.claims.map(claim => claim.vm);
        for (const guest of [...running.guests.values()]) running.put(guest);
        expect(running.claims.map(claim => claim.vm)).toEqual(before);
      }),
      { numRuns: 50, seed: 5 },
    );
  });
});
