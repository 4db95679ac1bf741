import { readFileSync } from 'node:fs';

/** `pid:starttime` of a live process, which no later process can be mistaken for; null when it is gone. */
export function processIdentity(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Fields after the name, which may hold blanks and brackets: state is the 3rd field, starttime the 22nd (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : `${pid}:${fields[19]!}`;
  } catch {
    return null;
  }
}
