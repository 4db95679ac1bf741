import { processOf } from './processes.ts';
import { ProgramError } from './program-error.ts';
import type { TreeFiles } from './tree-files.ts';

/** Field numbers of proc(5)'s stat behind the name: priority 18, rt_priority 40, policy 41. */
const FIELDS = { priority: 15, realtime: 37, policy: 38 } as const;

/** `chrt --fifo -p PRIORITY TID` of util-linux on a tree's task. */
export function answerChrt(files: TreeFiles, words: readonly string[]): string {
  const [priority, tid] = words.filter(word => !word.startsWith('-')).map(Number);
  const pid = tid === undefined ? null : processOf(files, tid);
  if (priority === undefined || tid === undefined || pid === null)
    throw new ProgramError(`chrt: failed to set pid ${tid ?? ''}'s policy: No such process`);
  const path = `/proc/${pid}/task/${tid}/stat`;
  const stat = files.read(path) ?? '';
  const at = stat.lastIndexOf(')') + 2;
  const fields = stat.slice(at).split(' ');
  fields[FIELDS.priority] = `${-1 - priority}`;
  fields[FIELDS.realtime] = `${priority}`;
  fields[FIELDS.policy] = '1';
  files.write({ path, text: `${stat.slice(0, at)}${fields.join(' ')}` });
  return '';
}
