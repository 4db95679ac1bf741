/**
 * How long it takes to read the topology of a 384-CPU, 8-cell node, and how many files that opens.
 * `node --experimental-strip-types bench/topology-read.ts`; prints one JSON line. Figures are of a tree in the
 * temporary directory: what the real sysfs adds for making each text is the machine's own.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { localFiles } from '../src/adapters/local/local-files.ts';
import { writeTree } from '../src/adapters/local/write-tree.ts';
import { readTopology } from '../src/formats/sysfs/read-topology.ts';
import { textTreeOf, type TextTree } from '../src/formats/text-tree.ts';
import { namedMachine } from '../src/machines/named-machines.ts';
import { renderMachine } from '../src/machines/render-machine.ts';
import { median } from './kit/median.ts';

const RUNS = 15;
const machine = namedMachine('epyc-384');
const files = renderMachine(machine);
const root = mkdtempSync(join(tmpdir(), 'pinfold-bench-'));

/** Milliseconds of one reading. */
function timeOf(tree: TextTree): number {
  const start = performance.now();
  readTopology(tree, machine.name);
  return performance.now() - start;
}

/** Of some readings, to two digits. */
function medianMs(tree: TextTree): number {
  return Number(median(Array.from({ length: RUNS }, () => timeOf(tree))).toFixed(2));
}

try {
  writeTree(files, root);
  const real = localFiles(root);
  // A hook reads once in a fresh process, so the first reading is the one that counts.
  const first = timeOf(real);
  const memory = textTreeOf(files);
  const counted = { read: 0, list: 0 };
  readTopology(
    {
      read: path => ((counted.read += 1), real.read(path)),
      list: path => ((counted.list += 1), real.list(path)),
    },
    machine.name,
  );
  console.log(
    JSON.stringify({
      bench: 'topology-read',
      machine: machine.name,
      filesInTree: files.size,
      filesRead: counted.read,
      foldersListed: counted.list,
      firstMs: Number(first.toFixed(2)),
      medianMs: medianMs(real),
      parsingOnlyMs: medianMs(memory),
    }),
  );
} finally {
  rmSync(root, { recursive: true });
}
