/**
 * How long this machine's memory lets a program wait: reads in random order, each of which tells the place of the next, through a table
 * that fits into a core's cache, one that fits into the shared cache, and one that fits into neither. Prints nanoseconds a read.
 *
 * QEMU's TCG waits for memory for a quarter of its time, so that the nested hosts take twice as long where neighbours keep it busy, which
 * shows here and in no load average: node scripts/run-ts.mjs bench/memory-walk.ts.
 */
const READS = 3_000_000;

/** Places 0 to `length` - 1 as one cycle in random order (Sattolo's shuffle): each holds the next. */
function cycle(length: number): Int32Array {
  const next = Int32Array.from({ length }, (_, index) => index);
  for (let last = length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * last);
    [next[last], next[other]] = [next[other]!, next[last]!];
  }
  return next;
}

function nanosecondsPerRead(mebibytes: number): number {
  const next = cycle((mebibytes << 20) / Int32Array.BYTES_PER_ELEMENT);
  let place = 0;
  const start = process.hrtime.bigint();
  for (let read = 0; read < READS; read += 1) place = next[place]!;
  const took = Number(process.hrtime.bigint() - start) / READS;
  // Else the walk has no result and need not be done.
  if (place < 0) throw new Error('It left the table.');
  return took;
}

for (const mebibytes of [1, 16, 128])
  process.stdout.write(`${mebibytes} MiB: ${nanosecondsPerRead(mebibytes).toFixed(0)} ns a read\n`);
