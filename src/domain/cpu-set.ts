const BITS = 32;

/**
 * An immutable sorted set of logical CPU numbers, as the kernel numbers them. Every operation returns a new
 * set and changes none. Written in the kernel's list syntax (`0-3,8`); {@link parseCpuList} reads that.
 */
export class CpuSet implements Iterable<number> {
  static readonly EMPTY = new CpuSet(new Uint32Array(0));

  /** One bit a CPU, 32 to a word; the last word is never zero, so equal sets have equal words. */
  readonly words: Uint32Array;
  #size = -1;

  private constructor(words: Uint32Array) {
    this.words = words;
  }

  /** The set of these CPU numbers (whole, ≥ 0), in any order, repetitions folded. */
  static of(cpus: Iterable<number>): CpuSet {
    const list = [...cpus];
    const highest = list.reduce((max, cpu) => Math.max(max, cpu), -1);
    const words = new Uint32Array(highest < 0 ? 0 : (highest >>> 5) + 1);
    for (const cpu of list) words[cpu >>> 5]! |= 1 << (cpu & 31);
    return CpuSet.fromWords(words);
  }

  /** The set of the CPUs `first` to `last`, both included. */
  static range(first: number, last: number): CpuSet {
    const words = new Uint32Array(last < first ? 0 : (last >>> 5) + 1);
    for (let cpu = first; cpu <= last; cpu += 1) words[cpu >>> 5]! |= 1 << (cpu & 31);
    return CpuSet.fromWords(words);
  }

  /** The set whose bits are these words; it takes the array over, so the caller must not write to it again. */
  static fromWords(words: Uint32Array): CpuSet {
    let length = words.length;
    while (length > 0 && words[length - 1] === 0) length -= 1;
    if (length === 0) return CpuSet.EMPTY;
    return new CpuSet(length === words.length ? words : words.slice(0, length));
  }

  /** The union of all these sets. */
  static union(sets: Iterable<CpuSet>): CpuSet {
    const all = [...sets];
    let length = 0;
    for (const { words } of all) if (words.length > length) length = words.length;
    const union = new Uint32Array(length);
    for (const { words } of all) {
      for (let index = 0; index < words.length; index += 1) union[index]! |= words[index]!;
    }
    return CpuSet.fromWords(union);
  }

  /** How many CPUs the set holds. */
  get size(): number {
    if (this.#size < 0) {
      this.#size = 0;
      for (let index = 0; index < this.words.length; index += 1) this.#size += bitCount(this.words[index]!);
    }
    return this.#size;
  }

  /** Whether the set holds no CPU. */
  get isEmpty(): boolean {
    return this.words.length === 0;
  }

  /** The lowest CPU of the set, or undefined when it is empty. */
  get first(): number | undefined {
    for (let index = 0; index < this.words.length; index += 1) {
      const word = this.words[index]!;
      if (word !== 0) return index * BITS + 31 - Math.clz32(word & -word);
    }
    return undefined;
  }

  /** The highest CPU of the set, or -1 when it is empty. */
  get highest(): number {
    const last = this.words.length - 1;
    return last < 0 ? -1 : last * BITS + 31 - Math.clz32(this.words[last]!);
  }

  /** Whether this CPU is in the set. */
  has(cpu: number): boolean {
    return ((this.words[cpu >>> 5] ?? 0) & (1 << (cpu & 31))) !== 0;
  }

  /** The CPUs in either set. */
  union(other: CpuSet): CpuSet {
    const [long, short] = this.words.length >= other.words.length ? [this, other] : [other, this];
    if (short.isEmpty) return long;
    const words = long.words.slice();
    for (let index = 0; index < short.words.length; index += 1) words[index]! |= short.words[index]!;
    return new CpuSet(words);
  }

  /** The CPUs in both sets. */
  intersect(other: CpuSet): CpuSet {
    if (this.isSubsetOf(other)) return this;
    const words = new Uint32Array(Math.min(this.words.length, other.words.length));
    for (let index = 0; index < words.length; index += 1)
      words[index] = this.words[index]! & other.words[index]!;
    return CpuSet.fromWords(words);
  }

  /** The CPUs of this set that are not in the other. */
  minus(other: CpuSet): CpuSet {
    if (other.isEmpty || this.isEmpty) return this;
    const words = this.words.slice();
    const shared = Math.min(words.length, other.words.length);
    for (let index = 0; index < shared; index += 1) words[index]! &= ~other.words[index]!;
    return CpuSet.fromWords(words);
  }

  /** Whether both sets share a CPU. */
  intersects(other: CpuSet): boolean {
    const length = Math.min(this.words.length, other.words.length);
    for (let index = 0; index < length; index += 1) {
      if ((this.words[index]! & other.words[index]!) !== 0) return true;
    }
    return false;
  }

  /** Whether every CPU of this set is in the other. */
  isSubsetOf(other: CpuSet): boolean {
    for (let index = 0; index < this.words.length; index += 1) {
      if ((this.words[index]! & ~(other.words[index] ?? 0)) !== 0) return false;
    }
    return true;
  }

  /** Whether both sets hold the same CPUs. */
  equals(other: CpuSet): boolean {
    return this.words.length === other.words.length && this.words.every((word, i) => word === other.words[i]);
  }

  /** The `count` lowest CPUs, or all when there are fewer. */
  take(count: number): CpuSet {
    return this.size <= count ? this : CpuSet.of(this.toArray().slice(0, count));
  }

  /** The CPUs in ascending order. */
  toArray(): number[] {
    const cpus = new Array<number>(this.size);
    for (let index = 0, at = 0; index < this.words.length; index += 1) {
      for (let word = this.words[index]!; word !== 0; word &= word - 1) {
        cpus[at++] = index * BITS + 31 - Math.clz32(word & -word);
      }
    }
    return cpus;
  }

  [Symbol.iterator](): Iterator<number> {
    return this.toArray()[Symbol.iterator]();
  }

  /** Kernel list syntax: ascending, runs of two or more merged (`0-3,8`); the empty set is `""`. */
  toString(): string {
    const parts: string[] = [];
    let start = -1;
    let end = -1;
    const close = () => {
      if (start >= 0) parts.push(start === end ? `${start}` : `${start}-${end}`);
    };
    for (const cpu of this.toArray()) {
      if (cpu !== end + 1 || start < 0) {
        close();
        start = cpu;
      }
      end = cpu;
    }
    close();
    return parts.join(',');
  }

  toJSON(): string {
    return this.toString();
  }
}

function bitCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return (((bits + (bits >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}
