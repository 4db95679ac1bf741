import fc from 'fast-check';
import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { textTreeOf } from '../text-tree.ts';
import { cgroupFile } from './cgroup-file.ts';
import { planFences, runtimeDropIns, unitOf, type Fence, type FencedGuest } from './fence-plan.ts';

const GROUPS = [
  '/system.slice',
  '/user.slice',
  '/init.scope',
  '/lxc',
  '/machine.slice',
  '/qemu.slice',
  '/qemu.slice/101.scope',
  '/qemu.slice/102.scope',
  '/qemu.slice/900.scope',
];
const PRESENT = CpuSet.range(0, 7);

/** `cpuset.cpus` by group; all groups exist. */
function treeOf(limits: ReadonlyMap<string, string>) {
  return textTreeOf(
    new Map(GROUPS.map(group => [cgroupFile(group, 'cpuset.cpus'), `${limits.get(group) ?? ''}\n`])),
  );
}

const cpus = fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { maxLength: 6 }).map(list => CpuSet.of(list));
const someLimits = fc
  .array(fc.tuple(fc.constantFrom(...GROUPS.filter(group => group !== '/qemu.slice')), cpus))
  .map(pairs => new Map(pairs.map(([group, set]) => [group, set.toString()])));
/** Two guests whose CPUs do not meet; either may have none. */
const someGuests = fc.tuple(cpus, cpus).map(([a, b]): FencedGuest[] =>
  [
    { scope: '/qemu.slice/101.scope', cpus: a },
    { scope: '/qemu.slice/102.scope', cpus: b.minus(a) },
  ].filter(guest => !guest.cpus.isEmpty),
);

/** The limits after a plan, and the fences that are remembered. */
function apply(
  limits: ReadonlyMap<string, string>,
  guests: readonly FencedGuest[],
  standing: readonly Fence[],
) {
  const { steps, fences } = planFences({ tree: treeOf(limits), present: PRESENT, guests, standing });
  const after = new Map(limits);
  for (const { group, cpus: list } of steps) after.set(group, list);
  return { after, fences, steps };
}

const mayUse = (limits: ReadonlyMap<string, string>, group: string) => {
  const own = parseCpuList(limits.get(group) ?? '');
  return own.isEmpty ? PRESENT : own;
};

test('nobody but a guest itself may use its CPUs afterwards, and no slice of guests is held', () => {
  fc.assert(
    fc.property(someLimits, someGuests, (limits, guests) => {
      const { after } = apply(limits, guests, []);
      for (const { scope, cpus: own } of guests)
        for (const group of GROUPS.filter(name => name !== scope && name !== '/qemu.slice'))
          expect(mayUse(after, group).intersects(own)).toBe(false);
      expect(after.get('/qemu.slice')).toBe(limits.get('/qemu.slice'));
    }),
  );
});

test('a group that is let run elsewhere anyway is not touched, and no step says what stands already', () => {
  fc.assert(
    fc.property(someLimits, someGuests, (limits, guests) => {
      for (const { group, cpus: list } of apply(limits, guests, []).steps) {
        expect(mayUse(limits, group).equals(parseCpuList(list))).toBe(false);
        expect(list).not.toBe('');
      }
    }),
  );
});

test('planning twice changes nothing the second time, and lifting all brings every limit back', () => {
  fc.assert(
    fc.property(someLimits, someGuests, (limits, guests) => {
      const first = apply(limits, guests, []);
      const second = apply(first.after, guests, first.fences);
      expect([second.steps, second.fences]).toEqual([[], first.fences]);
      const lifted = apply(first.after, [], first.fences);
      for (const group of GROUPS)
        expect(mayUse(lifted.after, group).toString()).toBe(mayUse(limits, group).toString());
      expect(lifted.fences).toEqual([]);
    }),
  );
});

test('fences that stood for two guests end as those of the one that stays', () => {
  fc.assert(
    fc.property(someLimits, someGuests, (limits, guests) => {
      const both = apply(limits, guests, []);
      const one = apply(both.after, guests.slice(0, 1), both.fences);
      const alone = apply(limits, guests.slice(0, 1), []);
      for (const group of GROUPS)
        expect(mayUse(one.after, group).toString()).toBe(mayUse(alone.after, group).toString());
    }),
  );
});

test('where guests hold every CPU, nobody is sent to none', () => {
  const guests = [{ scope: '/qemu.slice/101.scope', cpus: PRESENT }];
  expect(apply(new Map(), guests, [])).toMatchObject({ steps: [], fences: [] });
});

test('a mount has no processes to keep out', () => {
  const tree = textTreeOf(
    new Map([
      [cgroupFile('/dev-hugepages.mount', 'cgroup.procs'), ''],
      [cgroupFile('/qemu.slice/101.scope', 'cgroup.procs'), ''],
    ]),
  );
  const guests = [{ scope: '/qemu.slice/101.scope', cpus: parseCpuList('2') }];
  expect(planFences({ tree, present: PRESENT, guests, standing: [] }).steps).toEqual([]);
});

test('units are told from groups that systemd does not manage', () => {
  expect(['/lxc', '/lxc/200/ns', '/lxc.monitor'].map(unitOf)).toEqual([null, null, null]);
  expect(unitOf('/machine.slice/machine-qemu\\x2d1\\x2da.scope')).toBe('machine-qemu\\x2d1\\x2da.scope');
  expect(runtimeDropIns('system.slice')[0]).toBe(
    '/run/systemd/system.control/system.slice.d/50-AllowedCPUs.conf',
  );
});
