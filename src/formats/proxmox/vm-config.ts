/** A VM's configuration file of Proxmox VE as its parser reads it, with the place of each line. */
export interface VmConfig {
  readonly text: string;
  /** In the order of the text; the first is the main section, which may be empty. */
  readonly sections: readonly ConfigSection[];
  readonly main: ConfigSection;
  /** Changes that take effect at the next start; null when there are none. */
  readonly pending: ConfigSection | null;
  /** By name. */
  readonly snapshots: ReadonlyMap<string, ConfigSection>;
  /** What the node's parser would skip with a warning, one sentence part each, in its words. */
  readonly warnings: readonly string[];
}

/** `unknown`: the parser skips the whole section, and the next write drops it. */
export type SectionKind = 'main' | 'pending' | 'cloudinit' | 'fleecing' | 'snapshot' | 'unknown';

/** One section of a configuration. */
export interface ConfigSection {
  readonly kind: SectionKind;
  /** What stands between the brackets; empty for the main section. */
  readonly name: string;
  /** Offsets in the text: from the header (of the main section: from 0) to the next header or the end. */
  readonly start: number;
  readonly end: number;
  /** Without the header. */
  readonly lines: readonly ConfigLine[];
  /** What counts of each known key: its last valid value. */
  readonly values: ReadonlyMap<string, string>;
  /** The decoded description: all `#` lines of the section wherever they stand; null when there is none. */
  readonly description: string | null;
}

/** One line; `text` has neither the line feed nor, where there is one, the carriage return before it. */
export type ConfigLine =
  | (LinePlace & { readonly kind: 'blank' | 'note' | 'unread' })
  | (LinePlace & { readonly kind: 'value'; readonly key: string; readonly value: string });

interface LinePlace {
  /** Offset of the line's first character. */
  readonly start: number;
  /** Offset behind the line feed that ends the line, or the end of the text. */
  readonly end: number;
  readonly text: string;
}
