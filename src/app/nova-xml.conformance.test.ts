import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCpuList } from '../domain/cpu-list.ts';
import { CpuSet } from '../domain/cpu-set.ts';
import type { Placement } from '../domain/decision.ts';
import type { GuestSpec } from '../domain/guest-spec.ts';
import { claimOf } from '../engine/claim-of.ts';
import { decide, place } from '../engine/decide.ts';
import { buildHostModel } from '../engine/host-model.ts';
import { readRequest } from '../engine/request/read-request.ts';
import { effectOfDomain, type DomainEffect } from '../formats/domain-xml/effect-of-domain.ts';
import {
  hostOfVector,
  readVectors,
  requestOfVector,
  type NovaHost,
  type NovaVector,
} from '../testing/nova-vectors.ts';
import type { PlacedEntry } from './prepare-start.ts';
import { startOf } from './opennebula/deploy.ts';

/** One vector with both sides' XML. */
interface Case {
  readonly id: string;
  readonly host: NovaHost;
  readonly spec: GuestSpec;
  readonly placement: Placement | null;
  readonly nova: DomainEffect;
  readonly ours: DomainEffect;
}

const fit = readVectors('vectors-fit.json') as readonly NovaVector[];
/** Nova accepts without contradicting itself, and makes an XML of it or says why it cannot. */
const accepted = fit.filter(({ expect: { fits, anomalies } }) => fits === true && anomalies === undefined);
const unstartable = accepted.filter(vector => vector.expect.xml?.['error'] !== undefined);
/** Refused on purpose: Nova floats over dedicated CPUs there (see src/engine/nova.conformance.test.ts). */
const floatsOverDedicated = accepted.filter(
  vector => !unstartable.includes(vector) && !decisionOf(vector).fits,
);
const startable = accepted.filter(
  vector => !unstartable.includes(vector) && !floatsOverDedicated.includes(vector),
);

/** Nova gives each of these guests one iothread. */
function requestOf(vector: NovaVector) {
  return { ...requestOfVector(vector), iothreads: 1, carrier: 'libvirt' } as const;
}

function decisionOf(vector: NovaVector) {
  return decide(buildHostModel(hostOfVector(vector.host)), requestOf(vector));
}

/** A domain as it reaches us, with these elements in it. */
function domain({ request }: NovaVector, elements = '', vcpuCpuset?: string): string {
  const cpuset = vcpuCpuset === undefined ? '' : ` cpuset='${vcpuCpuset}'`;
  return `<domain type='kvm'>\n\t<name>one-1</name>\n\t<vcpu${cpuset}>${request.vcpus}</vcpu>\n\t<iothreads>1</iothreads>\n\t<memory>${request.memory_mb * 1024}</memory>\n${elements}</domain>\n`;
}

function novaEffect(vector: NovaVector): DomainEffect {
  const { vcpu_cpuset: cpuset, ...xml } = vector.expect.xml ?? {};
  const { topology = '', maxphysaddr = '', numa = '' } = xml;
  const { cputune = '', numatune = '', memoryBacking = '' } = xml;
  const cpu = `<cpu>${topology}${maxphysaddr}${numa}</cpu>`;
  return effectOfDomain(domain(vector, `${memoryBacking}${cputune}${numatune}${cpu}\n`, cpuset));
}

/** From the decision to the XML by the code that the driver's `deploy` runs. */
async function caseOf(vector: NovaVector): Promise<Case> {
  const { id, host } = vector;
  const model = buildHostModel(hostOfVector(host));
  const request = requestOf(vector);
  const read = readRequest(request);
  if (!read.ok) throw new Error(`${id}: ${read.error.summary}`);
  const { spec } = read;
  const before = domain(vector);
  const start = await startOf(
    { kind: 'ours', request, onRefusal: 'strict', profile: null, policy: model.host.policy, warnings: [] },
    before,
  );
  const nova = novaEffect(vector);
  if (!spec.wantsPlacement)
    return { id, host, spec, placement: null, nova, ours: effectOfDomain(start.reshape(spec) ?? before) };
  const outcome = place(model, spec);
  if (!outcome.ok) throw new Error(`${id}: ${outcome.refusal.summary}`);
  const { placement } = outcome;
  const entry: PlacedEntry = {
    vm: id,
    claim: claimOf(model, { placement, spec, source: 'leased', owner: '1:1', expires: 1 }),
    process: null,
    marker: null,
    placement,
    foreign: null,
  };
  return { id, host, spec, placement, nova, ours: effectOfDomain(start.rewrite(entry, spec)) };
}

// ---- what the effects mean ----

const setOf = (text: string | null) => parseCpuList(text ?? '');
const heldBefore = (host: NovaHost) => CpuSet.union(host.cells.map(cell => setOf(cell.pinned_cpus)));
const hostCellOf = (host: NovaHost, cpu: number) => host.cells.find(cell => cpusOf(cell).has(cpu))?.id;
const cpusOf = (cell: NovaHost['cells'][number]) =>
  CpuSet.union([setOf(cell.cpuset), setOf(cell.pcpuset), CpuSet.of(cell.siblings.flat())]);
const novaCell = (host: NovaHost, id: number) => host.cells.find(cell => cell.id === id)!;

function dedicatedVcpus(spec: GuestSpec): CpuSet {
  if (spec.cpuPolicy === 'dedicated') return CpuSet.range(0, spec.vcpus - 1);
  return spec.cpuPolicy === 'mixed' ? CpuSet.union(spec.cells.map(cell => cell.dedicated)) : CpuSet.EMPTY;
}

const memoryOf = (effect: DomainEffect, guestCell: number) => {
  const memory = effect.memory ?? {};
  return Object.hasOwn(memory, guestCell) ? memory[guestCell] : undefined;
};
const pinsOf = (effect: DomainEffect, vcpus: Iterable<number>) =>
  CpuSet.union([...vcpus].map(vcpu => setOf(effect.vcpus[vcpu] ?? null)));

/**
 * The effect without the choice of CPUs and host cells. A host cell is called after the guest cell on it, a CPU
 * after the one vCPU that it is for, a set by what it is.
 */
function relations({ host, spec }: Case, effect: DomainEffect): unknown {
  const hostCells = spec.cells.map(cell => Number(memoryOf(effect, cell.id)?.nodeset ?? -1));
  const own = dedicatedVcpus(spec);
  const taken = new Set<string>();
  const vcpuRelation = (vcpu: number) => {
    const set = setOf(effect.vcpus[vcpu] ?? null);
    const guestCell = spec.cells.findIndex(cell => cell.vcpus.has(vcpu));
    const home = novaCell(host, hostCells[guestCell]!);
    if (!own.has(vcpu))
      return set.equals(setOf(home.cpuset)) ? 'all shared CPUs of its host cell' : set.toString();
    const alone = set.size === 1 && !taken.has(set.toString()) && set.isSubsetOf(setOf(home.pcpuset));
    taken.add(set.toString());
    return alone && !set.intersects(heldBefore(host))
      ? 'a free CPU of its own on its host cell'
      : set.toString();
  };
  const threads = Array.from({ length: spec.vcpus }, (_, vcpu) => vcpuRelation(vcpu));
  return {
    ...effect,
    vcpus: threads,
    memory: spec.cells.map(({ id }, index) => ({
      mode: memoryOf(effect, id)?.mode,
      hostCell: hostCells.indexOf(hostCells[index]!) === index && hostCells[index]! >= 0,
    })),
    emulator: emulatorRelation(spec, effect, { host, hostCells, set: setOf(effect.emulator) }),
    iothreads: Object.fromEntries(
      Object.entries(effect.iothreads).map(([id, set]) => [
        id,
        emulatorRelation(spec, effect, { host, hostCells, set: setOf(set) }),
      ]),
    ),
  };
}

function emulatorRelation(
  spec: GuestSpec,
  effect: DomainEffect,
  {
    host,
    hostCells,
    set,
  }: { readonly host: NovaHost; readonly hostCells: readonly number[]; readonly set: CpuSet },
): string {
  const all = CpuSet.range(0, spec.vcpus - 1);
  if (spec.emulator === 'isolate') {
    const home = CpuSet.union(hostCells.map(id => cpusOf(novaCell(host, id))));
    const apart = set.size === 1 && !set.intersects(pinsOf(effect, all)) && set.isSubsetOf(home);
    return apart && !set.intersects(heldBefore(host)) ? 'a free CPU apart from all vCPUs' : set.toString();
  }
  if (spec.emulator === 'share' && host.cpu_shared_set !== undefined)
    return set.equals(setOf(host.cpu_shared_set)) ? 'the shared set' : set.toString();
  const normal = spec.realtimeVcpus === null ? all : all.minus(spec.realtimeVcpus);
  return set.equals(pinsOf(effect, normal)) ? 'over the vCPUs that are not realtime' : set.toString();
}

// ---- the deliberate differences ----

type Effects = Pick<Case, 'ours' | 'nova'>;

/** Takes one difference out of both effects; what it does not understand it leaves for the comparison. */
interface Rule {
  readonly name: string;
  readonly apply: (vector: Case) => Effects;
}

const RULES: readonly Rule[] = [
  {
    name: 'nothing asked, nothing pinned',
    apply: ({ placement, ours, nova }) => {
      if (placement !== null) return { ours, nova };
      const anywhere = (sets: DomainEffect['vcpus']) =>
        Object.fromEntries(Object.keys(sets).map(id => [id, null]));
      const { vcpus, iothreads } = nova;
      return {
        ours,
        nova: { ...nova, vcpus: anywhere(vcpus), iothreads: anywhere(iothreads), emulator: null },
      };
    },
  },
  {
    name: 'one emulator CPU per memory cell at start',
    apply: ({ host, placement, ours, nova }) => {
      if (placement === null || ours.emulator === placement.emulator.cpus) return { ours, nova };
      const final = setOf(placement.emulator.cpus);
      const added = setOf(ours.emulator).minus(final);
      // One for each memory cell that the final set leaves without, and no more.
      const homes = placement.cells.map(({ hostCell }) => hostCell);
      const without = homes.filter(id => !cpusOf(novaCell(host, id)).intersects(final));
      const right =
        added.size === without.length && [...added].every(cpu => without.includes(hostCellOf(host, cpu)!));
      return { ours: right ? { ...ours, emulator: placement.emulator.cpus } : ours, nova };
    },
  },
  {
    name: 'restrictive memory for single-cell guests',
    apply: ({ spec, ours, nova }) => {
      const only = ours.memory?.[0];
      if (spec.cells.length !== 1 || only?.mode !== 'restrictive') return { ours, nova };
      return { ours: { ...ours, memory: { 0: { ...only, mode: 'strict' } } }, nova };
    },
  },
  {
    name: 'guest topology from real siblings',
    apply: vector => {
      const { ours, nova } = vector;
      const same = JSON.stringify(ours.topology) === JSON.stringify(nova.topology);
      if (same || !sitsOnSiblings(vector)) return { ours, nova };
      return { ours, nova: { ...nova, topology: ours.topology } };
    },
  },
  {
    name: 'share on the guest’s own cells first',
    apply: ({ host, spec, placement, ours, nova }) => {
      if (spec.emulator !== 'share' || host.cpu_shared_set === undefined) return { ours, nova };
      const whole = setOf(host.cpu_shared_set);
      const homes = placement!.cells.map(({ hostCell }) => cpusOf(novaCell(host, hostCell)));
      const open = whole.minus(heldBefore(host)).minus(pinsOf(ours, dedicatedVcpus(spec)));
      const near = open.intersect(CpuSet.union(homes));
      const right = (near.isEmpty ? open : near).toString();
      const widened = (set: string | null) => (set === right ? whole.toString() : set);
      return {
        ours: {
          ...ours,
          emulator: widened(ours.emulator),
          iothreads: Object.fromEntries(
            Object.entries(ours.iothreads).map(([id, set]) => [id, widened(set)]),
          ),
        },
        nova,
      };
    },
  },
  {
    name: 'floating sets without dedicated CPUs',
    apply: vector => ({ ours: withDedicatedCpus(vector), nova: vector.nova }),
  },
];

/** Whether our topology is told by threads that really share a core, and nobody asked for another. */
function sitsOnSiblings({ host, spec, ours }: Case): boolean {
  const { threads } = ours.topology;
  if (threads < 2 || Object.values(spec.topology.preferred).some(count => count !== null)) return false;
  const cores = host.cells.flatMap(cell => cell.siblings.map(core => CpuSet.of(core)));
  for (let first = 0; first < spec.vcpus; first += threads) {
    const pins = CpuSet.union(
      Array.from({ length: threads }, (_, thread) => setOf(ours.vcpus[first + thread] ?? null)),
    );
    if (pins.size !== threads || !cores.some(core => pins.isSubsetOf(core))) return false;
  }
  return true;
}

/** Our floating sets as they were if shared vCPUs could run on dedicated CPUs of their host cell too. */
function withDedicatedCpus({ host, spec, placement, ours }: Case): DomainEffect {
  if (placement === null) return ours;
  const own = dedicatedVcpus(spec);
  const isolated = placement.emulator.policy === 'isolate' ? setOf(placement.emulator.cpus) : CpuSet.EMPTY;
  const burnt =
    spec.threadPolicy === 'isolate' ? coresOf(host, pinsOf(ours, own).union(isolated)) : CpuSet.EMPTY;
  const held = CpuSet.union([heldBefore(host), pinsOf(ours, own), isolated, burnt]);
  const full = (vcpu: number, set: string | null) => {
    if (own.has(vcpu)) return set;
    const cell = spec.cells.find(({ vcpus }) => vcpus.has(vcpu))!;
    const home = novaCell(host, placement.cells.find(({ guestCell }) => guestCell === cell.id)!.hostCell);
    return setOf(set)
      .union(held.intersect(setOf(home.cpuset)))
      .toString();
  };
  const vcpus = Object.fromEntries(
    Object.entries(ours.vcpus).map(([vcpu, set]) => [vcpu, full(Number(vcpu), set)]),
  );
  const floats = Array.from({ length: spec.vcpus }, (_, vcpu) => vcpu).filter(vcpu => !own.has(vcpu));
  const before = pinsOf(ours, floats);
  const after = pinsOf({ ...ours, vcpus }, floats);
  const wider = (set: string | null) =>
    spec.emulator === 'float' && !before.isEmpty && before.isSubsetOf(setOf(set))
      ? setOf(set).union(after).toString()
      : set;
  const iothreads = Object.fromEntries(Object.entries(ours.iothreads).map(([id, set]) => [id, wider(set)]));
  return { ...ours, vcpus, emulator: wider(ours.emulator), iothreads };
}

function coresOf(host: NovaHost, cpus: CpuSet): CpuSet {
  const cores = host.cells.flatMap(cell => cell.siblings.map(core => CpuSet.of(core)));
  return CpuSet.union(cores.filter(core => core.intersects(cpus)));
}

const ISOLATE_ON_SMT = 'isolate on SMT';

/** Vectors that each rule has changed something of. */
const touched = new Map<string, string[]>(
  [...RULES.map(({ name }) => name), ISOLATE_ON_SMT].map(name => [name, []]),
);

function normalised(vector: Case): Case {
  return RULES.reduce((before, { name, apply }) => {
    const after = { ...before, ...apply(before) };
    if (JSON.stringify([after.ours, after.nova]) !== JSON.stringify([before.ours, before.nova]))
      touched.get(name)!.push(vector.id);
    return after;
  }, vector);
}

let literally = 0;

/** Up to so many vectors are named in the documentation; of more, their number. */
const LISTED = 30;
const differences = readFileSync(join(process.cwd(), 'docs/differences-from-nova.md'), 'utf8').split('\n');

describe('the XML of a start through the driver', () => {
  test.each(startable.map(vector => [vector.id, vector] as const))(
    '%s has the effect of Nova’s, but for the named differences',
    async (_, vector) => {
      const compared = normalised(await caseOf(vector));
      const { ours, nova } = compared;
      const sameCpus =
        JSON.stringify([ours.vcpus, ours.memory]) === JSON.stringify([nova.vcpus, nova.memory]);
      if (sameCpus && (compared.spec.emulator !== 'isolate' || ours.emulator === nova.emulator)) {
        literally += 1;
        expect(ours).toEqual(nova);
      } else expect(relations(compared, ours)).toEqual(relations(compared, nova));
    },
  );

  test('is compared with many, and literally where both chose the same CPUs', () => {
    expect(startable.length).toBeGreaterThan(290);
    expect(literally).toBeGreaterThan(startable.length / 4);
  });
});

describe('where Nova makes no XML', () => {
  test('because all vCPUs are realtime and no shared set is there for the emulator, we refuse in a sentence', () => {
    expect(unstartable.map(({ id }) => id)).toEqual(['edge-rt-all-emu-share-noset']);
    for (const vector of unstartable) {
      const decision = decisionOf(vector);
      expect('refusal' in decision && decision.refusal.summary).toMatch(
        /^All 4 vCPUs are realtime, .* this host has no cpu_shared_set: .*\.$/,
      );
    }
  });

  test('because it floats over dedicated CPUs otherwise, the refusal is one of the documented vectors', () => {
    const row = differences.find(line => line.startsWith('| CPUs that shared vCPUs float over |'))!;
    const starved = differences.find(line => line.startsWith('| dedicated guest that takes CPUs which'))!;
    for (const { id } of floatsOverDedicated) expect(row + starved).toContain(id);
    expect(floatsOverDedicated).toHaveLength(10);
  });

  test('because it never fits isolate on SMT, each of our vCPUs is alone on a core', async () => {
    for (const vector of fit) {
      const { fits, anomalies } = vector.expect;
      const read = readRequest(requestOf(vector));
      if (fits === true || anomalies !== undefined || !read.ok || read.spec.threadPolicy !== 'isolate')
        continue;
      if (!decisionOf(vector).fits) continue;
      const { ours, spec, placement } = await caseOf(vector);
      const pins = Array.from(dedicatedVcpus(spec), vcpu => setOf(ours.vcpus[vcpu]!));
      const cores = pins.map(pin => coresOf(vector.host, pin));
      expect(pins.every(pin => pin.size === 1)).toBe(true);
      expect(CpuSet.union(cores).size).toBe(cores.reduce((sum, core) => sum + core.size, 0));
      expect(CpuSet.union(cores).intersects(heldBefore(vector.host))).toBe(false);
      expect(placement?.cells.map(({ hostCell }) => String(hostCell)).join()).toBe(
        Object.values(ours.memory ?? {})
          .map(({ nodeset }) => nodeset)
          .join(),
      );
      touched.get(ISOLATE_ON_SMT)!.push(vector.id);
    }
  });
});

describe('docs/differences-from-nova.md', () => {
  test.each([...RULES.map(({ name }) => name), ISOLATE_ON_SMT])(
    'the difference "%s" is met, and its row in the documentation names the vectors',
    name => {
      const ids = touched.get(name)!;
      expect(ids).not.toEqual([]);
      const row = differences.find(line => line.startsWith(`| ${name} |`));
      expect(row?.split('|').at(-2)?.trim()).toBe(
        ids.length > LISTED ? `${ids.length} of ${startable.length}` : ids.join(', '),
      );
    },
  );
});
