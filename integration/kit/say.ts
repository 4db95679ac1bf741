import { AsyncLocalStorage } from 'node:async_hooks';

/** One of several things that go on at once and share one output. */
interface Voice {
  readonly name: string;
  /** What was said of a line that has no end yet. */
  rest: string;
}

const voices = new AsyncLocalStorage<Voice>();

/** Does this work; every line that it says begins with this name, whole lines only. */
export async function inVoice<T>(name: string, work: () => Promise<T>): Promise<T> {
  const voice = { name, rest: '' };
  try {
    return await voices.run(voice, work);
  } finally {
    if (voice.rest !== '') process.stdout.write(`${name} ${voice.rest}\n`);
  }
}

/** A writer to standard output in the voice of whoever asks for it now, wherever it is called later. */
export function writer(): (text: string) => void {
  const voice = voices.getStore();
  if (voice === undefined) return text => void process.stdout.write(text);
  return text => {
    const lines = (voice.rest + text).split('\n');
    voice.rest = lines.pop()!;
    if (lines.length > 0) process.stdout.write(lines.map(line => `${voice.name} ${line}\n`).join(''));
  };
}

/** Writes one line, in the voice of whoever says it. */
export function say(line: string): void {
  writer()(`${line}\n`);
}
