import { cpuNumbers } from '../kit/cpu-numbers.ts';

/** One thing that was looked at. */
export interface Finding {
  readonly what: string;
  readonly saw: string;
  readonly good: boolean;
}

/** What was seen of a newcomer's trial. */
export interface Seen {
  /** What there was of Node.js and Pinfold before; empty on a fresh node. */
  readonly before: string;
  /** As typed. */
  readonly commands: readonly string[];
  /** Their exit codes, in order. */
  readonly codes: readonly string[];
  /** `NAME:CPUS` of each thread of the VM's QEMU, a line each. */
  readonly threads: string;
  /** All that stood in the terminal. */
  readonly text: string;
}

/** Each thing that must be so, with what was seen of it; the VM has two vCPUs. */
export function judge({ before, commands, codes, threads, text }: Seen): readonly Finding[] {
  const vcpus = threads.split('\n').flatMap(line => /^CPU \d+\/\w+:(.*)$/.exec(line)?.[1] ?? []);
  const cpus = vcpus.flatMap(list => cpuNumbers(list));
  const answer = text.slice(text.lastIndexOf(`# ${commands.at(-1)!}`));
  const named = /\bvCPUs on ([\d,-]+)/.exec(answer)?.[1] ?? '';
  return [
    {
      what: 'what of Node.js and Pinfold the fresh node has',
      saw: before.trim(),
      good: before.trim() === '',
    },
    ...commands.map((command, index) => ({
      what: `exit code of "${command}"`,
      saw: codes[index] ?? 'none',
      good: codes[index] === '0',
    })),
    {
      what: "CPUs of the VM's vCPU threads by the kernel",
      saw: vcpus.join(' and '),
      good: vcpus.length === 2 && cpus.length === 2 && cpus[0] !== cpus[1],
    },
    {
      what: 'CPUs of the VM by the last answer',
      saw: named,
      good: cpus.length > 0 && cpuNumbers(named).join() === [...cpus].sort((a, b) => a - b).join(),
    },
  ];
}
