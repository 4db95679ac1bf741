/** The largest number from 1 to `top` that passes, 0 when none does; found by halving, so that what passes must pass for every smaller number too. */
export function largest(top: number, passes: (value: number) => boolean): number {
  let low = 0;
  let high = top;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (passes(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
