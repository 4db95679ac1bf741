import type { CpuSet } from '../domain/cpu-set.ts';

/** How many bits of this 32-bit word are set. */
function popCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return (((bits + (bits >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

/** The members of a set in ascending order; like `set.toArray()` without an iterator, for the inner loops. */
export function membersOf(set: CpuSet): number[] {
  const members: number[] = [];
  const words = set.words;
  for (let index = 0; index < words.length; index += 1) {
    for (let word = words[index]!; word !== 0; word &= word - 1) {
      members.push(index * 32 + 31 - Math.clz32(word & -word));
    }
  }
  return members;
}

/** How many members a set has, counted without the set's own cache. */
export function sizeOf(set: CpuSet): number {
  let size = 0;
  for (let index = 0; index < set.words.length; index += 1) size += popCount(set.words[index]!);
  return size;
}

/** How many members both sets share. */
export function overlapSize(left: CpuSet, right: CpuSet): number {
  const length = Math.min(left.words.length, right.words.length);
  let size = 0;
  for (let index = 0; index < length; index += 1) size += popCount(left.words[index]! & right.words[index]!);
  return size;
}
