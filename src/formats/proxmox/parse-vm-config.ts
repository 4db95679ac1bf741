import { checkConfigValue } from './check-config-value.ts';
import { decodeText, withoutEnd, withoutStart } from './config-text.ts';
import type { ConfigLine, ConfigSection, SectionKind, VmConfig } from './vm-config.ts';

const KEY = /^([a-z][a-z_-]*\d*):/;
const SNAPSHOT_NAME = /^[a-z][a-z0-9_-]+$/i;

/**
 * Reads a VM's configuration as the node does (qemu-server, `parse_vm_config`), line by line:
 *
 * 1. A blank line says nothing.
 * 2. `[NAME]` begins a section; `[PENDING]`, `[special:cloudinit]` and `[special:fleecing]` in any case, then the names
 *    that a snapshot may have; everything in another one is skipped.
 * 3. A line that begins with `#` belongs to its section's description, wherever it stands.
 * 4. `key: value` counts when the key is known and the value of its type; of several the last one.
 *
 * Nothing throws: what the node would skip with a warning is in `warnings`. A carriage return at the end of a line
 * is white space to the node's parser, and so it is here.
 */
export function parseVmConfig(text: string): VmConfig {
  const warnings: string[] = [];
  const sections: ConfigSection[] = [];
  let reading = new SectionReader('main', '', { start: 0, warnings });
  for (let from = 0; from < text.length; ) {
    const feed = text.indexOf('\n', from);
    const end = feed < 0 ? text.length : feed + 1;
    const line = withoutFeed(text.slice(from, end));
    const header = sectionHeader(line);
    if (header === null) reading.add(line, from, end);
    else {
      sections.push(reading.done(from));
      if (header.kind === 'unknown') warnings.push(`skipping unknown section: '${header.name}'`);
      reading = new SectionReader(header.kind, header.name, { start: from, warnings });
    }
    from = end;
  }
  sections.push(reading.done(text.length));
  return {
    text,
    sections,
    main: sections[0]!,
    pending: sections.filter(({ kind }) => kind === 'pending').at(-1) ?? null,
    snapshots: new Map(
      sections.flatMap(section => (section.kind === 'snapshot' ? [[section.name, section] as const] : [])),
    ),
    warnings,
  };
}

/** What a header line begins; null for any other line. */
export function sectionHeader(line: string): { readonly kind: SectionKind; readonly name: string } | null {
  if (!line.startsWith('[')) return null;
  const plain = withoutEnd(line);
  const close = plain.indexOf(']');
  if (close < 0 || close !== plain.length - 1) return null;
  const name = plain.slice(1, close);
  const lower = name.toLowerCase();
  if (lower === 'pending') return { kind: 'pending', name };
  if (lower === 'special:cloudinit') return { kind: 'cloudinit', name };
  if (lower === 'special:fleecing') return { kind: 'fleecing', name };
  return { kind: SNAPSHOT_NAME.test(name) ? 'snapshot' : 'unknown', name };
}

function withoutFeed(line: string): string {
  const plain = line.endsWith('\n') ? line.slice(0, -1) : line;
  return plain.endsWith('\r') ? plain.slice(0, -1) : plain;
}

class SectionReader {
  readonly #lines: ConfigLine[] = [];
  readonly #values = new Map<string, string>();
  readonly #kind: SectionKind;
  readonly #name: string;
  readonly #start: number;
  readonly #warnings: string[];
  #description: string | null = null;

  constructor(
    kind: SectionKind,
    name: string,
    { start, warnings }: { readonly start: number; readonly warnings: string[] },
  ) {
    this.#kind = kind;
    this.#name = name;
    this.#start = start;
    this.#warnings = warnings;
  }

  add(text: string, start: number, end: number): void {
    const place = { start, end, text };
    if (withoutEnd(text) === '') this.#lines.push({ ...place, kind: 'blank' });
    else if (this.#kind === 'unknown') this.#lines.push({ ...place, kind: 'unread' });
    else if (text.startsWith('#')) {
      this.#description = `${this.#description ?? ''}${decodeText(text.slice(1))}\n`;
      this.#lines.push({ ...place, kind: 'note' });
    } else this.#lines.push(this.#readLine(place));
  }

  done(end: number): ConfigSection {
    const description = this.#description === null ? null : withoutEnd(this.#description);
    return {
      kind: this.#kind,
      name: this.#name,
      start: this.#start,
      end,
      lines: this.#lines,
      values: this.#values,
      description,
    };
  }

  #readLine(place: { readonly start: number; readonly end: number; readonly text: string }): ConfigLine {
    const { text } = place;
    const key = KEY.exec(text)?.[1];
    const value = key === undefined ? null : valueBehind(text.slice(key.length + 1));
    if (key === undefined || value === null) {
      this.#warnings.push(`unable to parse config: ${text}`);
      return { ...place, kind: 'unread' };
    }
    if (key === 'description') {
      this.#description = `${this.#description ?? ''}${decodeText(value)}`;
      return { ...place, kind: 'note' };
    }
    this.#take(key, value);
    return { ...place, kind: 'value', key, value };
  }

  #take(key: string, value: string): void {
    if (this.#kind === 'cloudinit' || (key === 'delete' && this.#kind === 'pending')) {
      this.#values.set(key, value);
      return;
    }
    if (key === 'delete') {
      this.#warnings.push(`property 'delete' is only allowed in [PENDING]`);
      return;
    }
    if (key === 'snapstate' && /^(prepare|delete)$/.test(value)) {
      this.#values.set(key, value);
      return;
    }
    const checked = checkConfigValue(key, value);
    if (checked.ok) this.#values.set(key === 'cdrom' ? 'ide2' : key, checked.value);
    else this.#warnings.push(`unable to parse value of '${key}' - ${checked.fault}`);
  }
}

/** A value without the white space around it; one that is nothing else is its first character (`boot: `). */
function valueBehind(text: string): string | null {
  const value = withoutEnd(withoutStart(text));
  if (value !== '') return value;
  return text === '' ? null : text.slice(-1);
}
