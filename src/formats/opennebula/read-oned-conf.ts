/** What Pinfold asks of oned.conf. */
export interface OnedConf {
  /** The driver directory of each VM_MAD: the word of its ARGUMENTS that is no option. */
  readonly words: readonly string[];
  /** The values of all VM_RESTRICTED_ATTR. */
  readonly restricted: readonly string[];
}

/** Options of one_vmm_exec that take a value (share/etc/oned.conf: -t threads, -r retries, -l local actions, -d timeout, -s shell). */
const WITH_VALUE = new Set(['-t', '-r', '-l', '-d', '-s', '-i', '-w']);

/** Reads these settings of oned.conf; comments begin with `#` outside quotes. What is not there is empty. */
export function readOnedConf(text: string): OnedConf {
  const plain = text.split('\n').map(withoutComment).join('\n');
  const words = [...plain.matchAll(/\bVM_MAD\s*=\s*\[([^\]]*)\]/g)].flatMap(([, body]) => {
    const line = /\bARGUMENTS\s*=\s*"([^"]*)"/.exec(body ?? '')?.[1];
    return line === undefined ? [] : wordsOf(line);
  });
  const restricted = [...plain.matchAll(/^\s*VM_RESTRICTED_ATTR\s*=\s*"?([^"\n]*?)"?\s*$/gm)];
  return { words, restricted: restricted.map(([, value]) => value!.trim()) };
}

function withoutComment(line: string): string {
  let quoted = false;
  for (let index = 0; index < line.length; index += 1) {
    if (line[index] === '"') quoted = !quoted;
    else if (line[index] === '#' && !quoted) return line.slice(0, index);
  }
  return line;
}

function wordsOf(line: string): string[] {
  const parts = line.split(/\s+/).filter(Boolean);
  return parts.filter((part, index) => !part.startsWith('-') && !WITH_VALUE.has(parts[index - 1] ?? ''));
}
