/** `1 dedicated CPU`, `2 dedicated CPUs`, `0 dedicated CPUs`: a number with its noun, whose plural ends in `s`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** `all 4 vCPUs`; of one alone `the only vCPU`. */
export function allOf(count: number, noun: string): string {
  return count === 1 ? `the only ${noun}` : `all ${counted(count, noun)}`;
}
