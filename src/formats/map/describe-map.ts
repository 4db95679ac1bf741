import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import type { Cell, HostTopology } from '../../domain/host-topology.ts';
import { cpuMarks, groundOf } from './cpu-marks.ts';
import { cpuTips } from './cpu-tips.ts';
import { type CellContext, describeCell } from './describe-cell.ts';
import { guestWords } from './guest-words.ts';
import { ownCpus } from './guest-cpus.ts';
import { factsOf, notesOf } from './map-facts.ts';
import { lettersFor, MANY } from './map-letters.ts';
import type { MapGuest, MapModel } from './map-model.ts';
import type { MapPicture, PictureSocket } from './map-picture.ts';
import { SIGNS } from './map-signs.ts';
import { visibleName } from './visible-name.ts';

/**
 * The map of a model, ready to be drawn. Letters go to guests with CPUs of their own first, because the others are
 * on no CPU of the map; `before` are the letters of an earlier drawing.
 */
export function describeMap(model: MapModel, before?: ReadonlyMap<string, string>): MapPicture {
  const ground = groundOf(model);
  const marks = cpuMarks(model);
  const letters = lettersOf(model, before);
  const context: CellContext = {
    topology: model.topology,
    guests: model.guests,
    letters,
    indexOf: name => model.guests.findIndex(guest => guest.name === name),
    markOf: cpu => marks.get(cpu) ?? { use: 'offline' },
    tipOf: cpuTips(model, ground),
  };
  const uses = new Set([...marks.values()].map(({ use }) => use));
  return {
    host: visibleName(model.topology.host),
    facts: factsOf(model, marks),
    sockets: describeSockets(model.topology, context),
    guests: model.guests.map(guest => ({
      name: visibleName(guest.name),
      letter: letters.get(guest.name) ?? MANY,
      cpus: reachOf(guest, model).toString(),
      words: guestWords(guest, { all: model.guests, ground, brief: false }),
      briefWords: guestWords(guest, { all: model.guests, ground, brief: true }),
    })),
    signs: SIGNS.filter(({ use }) => uses.has(use)),
    notes: notesOf(model, marks, letters),
  };
}

/** Every CPU on which a thread of the guest may run, and those kept empty for it. */
function reachOf({ name, vcpus, iothreads, emulator }: MapGuest, { keptEmpty }: MapModel): CpuSet {
  const kept = [...keptEmpty].filter(([, guest]) => guest === name).map(([cpu]) => cpu);
  return CpuSet.union([...vcpus, ...iothreads, emulator, CpuSet.of(kept)]);
}

/** The letter of each guest, by its name, as {@link describeMap} deals them out. */
export function lettersOf(
  model: MapModel,
  before?: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const ground = groundOf(model);
  const owners = model.guests.filter(guest => !ownCpus(guest, ground).isEmpty);
  return lettersFor(
    [...owners, ...model.guests].map(({ name }) => name),
    before,
  );
}

/** The cells by package, both in ascending order; cells of no package after them, then CPUs of no cell. */
function describeSockets(topology: HostTopology, context: CellContext): PictureSocket[] {
  const rank = (cell: Cell) => cell.package ?? Number.MAX_SAFE_INTEGER;
  const cells = [...topology.cells].sort((a, b) => rank(a) - rank(b) || a.id - b.id);
  const packages = [...new Set(cells.map(cell => cell.package))];
  const sockets = packages.map(socket => ({
    name: socket === null ? 'no socket known' : `socket ${socket}`,
    cells: cells.filter(cell => cell.package === socket).map(cell => describeCell(cell, context)),
  }));
  const loose = looseCell(topology);
  if (loose === null) return sockets;
  return [...sockets, { name: 'CPUs without a cell', cells: [describeCell(loose, context)] }];
}

/** The CPUs without a cell, described like one; null when there are none. */
function looseCell({ cpus, looseCores }: HostTopology): Cell | null {
  if (parseCpuList(cpus.withoutCell).isEmpty && looseCores.length === 0) return null;
  return {
    id: -1,
    package: null,
    cpus: cpus.withoutCell,
    memoryMiB: null,
    pages: [],
    distances: null,
    cores: looseCores,
    caches: [],
  };
}
