/** CPU numbers in the kernel's list syntax (`0-3,8`). Of the suites' own, so that no code under test is its judge. */
export function cpuNumbers(text: string): number[] {
  const body = text.trim();
  if (body === '') return [];
  return body.split(',').flatMap(part => {
    const [first, last] = part.split('-').map(Number) as [number, number | undefined];
    return Array.from({ length: (last ?? first) - first + 1 }, (_, index) => first + index);
  });
}
