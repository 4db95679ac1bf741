import type { CpuList } from '../../domain/host-topology.ts';
import type { CpuUse } from './cpu-marks.ts';

/** A map without a medium: the words, signs and bars that the terminal, SVG and HTML draw alike. */
export interface MapPicture {
  readonly host: string;
  /** `2 sockets`, `4 cells`, …, and what is free. */
  readonly facts: readonly string[];
  readonly sockets: readonly PictureSocket[];
  readonly guests: readonly PictureGuest[];
  /** The uses without an owner that the map shows, for the legend. */
  readonly signs: readonly PictureSign[];
  /** What cannot be drawn: CPUs that are offline or isolated. */
  readonly notes: readonly string[];
}

/** A processor package, or what belongs to none. */
export interface PictureSocket {
  readonly name: string;
  readonly cells: readonly PictureCell[];
}

/** A cell; CPUs that belong to none come as a cell without gauges. */
export interface PictureCell {
  /** `cell 0`; empty for the CPUs without a cell. */
  readonly name: string;
  /** A sentence for whoever points at it. */
  readonly title: string;
  readonly domains: readonly PictureDomain[];
  readonly gauges: readonly PictureGauge[];
}

/** The cores of a cell that share a last-level cache. */
export interface PictureDomain {
  /** One for each kind of core in it, or a single one. */
  readonly sections: readonly PictureSection[];
}

/** Cores of one kind under one cache. */
export interface PictureSection {
  /** Only on machines that have both. */
  readonly kind: 'performance' | 'efficiency' | null;
  readonly cores: readonly PictureCore[];
}

/** A physical core with its online threads. */
export interface PictureCore {
  readonly cpus: readonly PictureCpu[];
}

/** One CPU: a thread of a core. */
export interface PictureCpu {
  readonly cpu: number;
  readonly use: CpuUse;
  /** Place of its guest in {@link MapPicture.guests}; null when it has none. */
  readonly guest: number | null;
  /** One character: a letter of a guest, small where the CPU is kept empty for it, or a sign. */
  readonly sign: string;
  readonly tip: CpuTip;
}

/** What pointing at a CPU tells. */
export interface CpuTip {
  /** `CPU 20 · core 20,52 · cell 2 · socket 1`. */
  readonly place: string;
  /** Who has it, in a few words. */
  readonly owner: string;
  /** Why it is so, in full sentences. */
  readonly reason: string;
}

/** Memory or a page pool of a cell as a bar. */
export interface PictureGauge {
  readonly name: string;
  /** null when the kernel does not say what is free. */
  readonly usedMiB: number | null;
  readonly totalMiB: number;
  /** A sentence for whoever points at it. */
  readonly title: string;
}

/** A guest in the legend. */
export interface PictureGuest {
  /** Every character visible. */
  readonly name: string;
  readonly letter: string;
  /** What it holds: CPUs, emulator CPUs, memory; no part is empty. */
  readonly words: readonly string[];
  /** Every CPU on which a thread of it may run or that is kept empty for it, in kernel list syntax. */
  readonly cpus: CpuList;
  /** The same words with `@2` for `on cell 2`. */
  readonly briefWords: readonly string[];
}

/** A sign of the legend with its meaning. */
export interface PictureSign {
  readonly use: CpuUse;
  readonly sign: string;
  readonly meaning: string;
}
