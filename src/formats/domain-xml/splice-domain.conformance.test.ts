import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { Placement } from '../../domain/decision.ts';
import { ONE_CELL_PLACEMENT } from '../../testing/domains.ts';
import { type DomainEffect, effectOfDomain } from './effect-of-domain.ts';
import { spliceDomain } from './splice-domain.ts';

interface Vector {
  readonly id?: string;
  readonly name?: string;
  readonly expect?: { readonly xml?: Readonly<Record<string, string>> | null };
}

const shared = process.env['PINFOLD_SHARED'] ?? join(__dirname, '../../../../shared');
const vectors = JSON.parse(readFileSync(join(shared, 'vectors/nova/vectors-fit.json'), 'utf8')) as Vector[];
const pinned = vectors.flatMap(({ id, name, expect: { xml } = {} }) =>
  xml?.['cputune'] !== undefined && xml['numa'] !== undefined ? [[name ?? id ?? '', xml] as const] : [],
);

/** A domain with this memory, vCPUs and iothreads, and these further elements. */
function domain(xml: Readonly<Record<string, string>>, elements: string): string {
  const memory = [...xml['numa']!.matchAll(/ memory="(\d+)"/g)].reduce(
    (sum, [, kib]) => sum + Number(kib),
    0,
  );
  const vcpus = [...xml['cputune']!.matchAll(/vcpupin vcpu=/g)].length;
  const iothreads = [...xml['cputune']!.matchAll(/iothreadpin /g)].length;
  return `<domain type='kvm'>\n  <name>n</name>\n  <memory>${memory}</memory>\n  <vcpu>${vcpus}</vcpu>\n  <iothreads>${iothreads}</iothreads>\n${elements}</domain>\n`;
}

/** The placement that has this effect. */
function placementOf(effect: DomainEffect): Placement {
  const nodeset = effect.cells.map((_, cell) => effect.memory?.[cell]!.nodeset ?? '');
  const sets = (ids: DomainEffect['vcpus']) =>
    Object.fromEntries(Object.entries(ids).map(([id, set]) => [id, set ?? '']));
  const realtime = Object.keys(effect.schedulers).map(Number);
  return {
    ...ONE_CELL_PLACEMENT,
    cells: effect.cells.map(({ vcpus, memoryKiB }, cell) => ({
      guestCell: cell,
      hostCell: Number(nodeset[cell]),
      vcpus,
      memoryMiB: memoryKiB / 1024,
      pageSizeKiB: effect.pages[cell] ?? null,
    })),
    pins: sets(effect.vcpus),
    emulator: { policy: 'float', cpus: effect.emulator ?? '', atStart: '', share: 0 },
    iothreads: sets(effect.iothreads),
    realtime:
      realtime.length === 0
        ? null
        : { vcpus: CpuSet.of(realtime).toString(), scheduler: 'fifo', priority: 1 },
    topology: effect.topology,
    memoryMode: 'strict',
    nodeset: CpuSet.union(nodeset.map(parseCpuList)).toString(),
  };
}

describe("Nova's own domain XML", () => {
  test('is there', () => {
    expect(pinned.length).toBeGreaterThan(300);
  });

  test.each(pinned)('%s is written with the same effect', (_, xml) => {
    const { cputune, numatune, memoryBacking = '', topology = '', numa, maxphysaddr = '' } = xml;
    const written = `${memoryBacking}${cputune!}${numatune!}<cpu>${topology}${maxphysaddr}${numa!}</cpu>`;
    const effect = effectOfDomain(domain(xml, written));
    const spliced = spliceDomain(domain(xml, ''), placementOf(effect), {
      lockedMemory: effect.locked,
      physicalAddress: effect.physicalAddress,
    });
    expect(effectOfDomain(spliced)).toEqual(effect);
  });
});
