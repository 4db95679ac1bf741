import { readTopology } from '../../formats/sysfs/read-topology.ts';
import { textTreeOf, type TextTree } from '../../formats/text-tree.ts';
import { NAMED_MACHINES } from '../../machines/named-machines.ts';
import { renderMachine } from '../../machines/render-machine.ts';
import { TOPOLOGY_FILES } from './topology-files.ts';

/** A shell's pattern, whose `*` does not cross a slash. */
function asRegExp(pattern: string): RegExp {
  return new RegExp(`^${pattern.replaceAll('.', String.raw`\.`).replaceAll('*', '[^/]*')}$`);
}

test.each(Object.values(NAMED_MACHINES))(
  'a snapshot of $name has every file that its topology is read from',
  machine => {
    const whole = textTreeOf(renderMachine(machine));
    const patterns = TOPOLOGY_FILES.map(asRegExp);
    const missed = new Set<string>();
    const recording: TextTree = {
      read: path => {
        const text = whole.read(path);
        if (text !== null && !patterns.some(pattern => pattern.test(path))) missed.add(path);
        return text;
      },
      list: path => whole.list(path),
    };
    const topology = readTopology(recording, machine.name);
    expect([...missed]).toEqual([]);
    const taken = [...renderMachine(machine)].filter(([path]) =>
      patterns.some(pattern => pattern.test(path)),
    );
    expect(readTopology(textTreeOf(new Map(taken)), machine.name)).toEqual(topology);
  },
);
