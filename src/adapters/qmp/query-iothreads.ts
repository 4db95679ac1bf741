import { connect } from 'node:net';
import type { NodePort } from '../../app/ports.ts';

/** Where qemu-server keeps the monitors of its guests. */
const FOLDER = '/var/run/qemu-server';
/** A monitor serves one client at a time (seen: a second one gets no byte until the first leaves), and pvestatd asks each guest every 10 s. */
const TRIES = 4;
const ANSWER_MS = 1500;

/**
 * Threads of a guest's iothreads by their ids, in the order of the ids: one short talk with its monitor, opened, asked and
 * closed, and tried again where it is taken. null when it does not answer. In a tree the monitor is a file with the answer.
 */
export async function queryIothreads(
  node: NodePort,
  root: string,
  vmid: string,
): Promise<ReadonlyMap<string, number> | null> {
  const path = `${FOLDER}/${vmid}.qmp`;
  if (root !== '/')
    return threadsOf(node.files.read(path) ?? node.files.read(path.slice('/var'.length)) ?? '');
  for (let round = 0; round < TRIES; round += 1) {
    const threads = await askMonitor(path, ANSWER_MS);
    if (threads !== null) return threads;
  }
  return null;
}

/** One talk with the monitor at this socket; null when it has not answered after this time. */
export async function askMonitor(path: string, waitMs: number): Promise<ReadonlyMap<string, number> | null> {
  const line = await ask(path, waitMs);
  return line === null ? null : threadsOf(line);
}

/** Greeting, capabilities, question; answers the line with the iothreads. */
function ask(path: string, waitMs: number): Promise<string | null> {
  return new Promise(resolve => {
    const socket = connect(path);
    let text = '';
    const done = (answer: string | null) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(done, waitMs, null);
    socket.setEncoding('utf8');
    socket.once('connect', () => {
      socket.write('{"execute":"qmp_capabilities"}\n{"execute":"query-iothreads","id":"pinfold"}\n');
    });
    socket.on('data', (part: string) => {
      text += part;
      const line = text
        .split('\n')
        .find(each => each.includes('"id": "pinfold"') || each.includes('"id":"pinfold"'));
      if (line !== undefined && text.includes('\n', text.indexOf(line))) done(line);
    });
    socket.once('error', () => {
      done(null);
    });
    socket.once('close', () => {
      done(null);
    });
  });
}

function threadsOf(line: string): ReadonlyMap<string, number> | null {
  try {
    const { return: list } = JSON.parse(line) as { readonly return?: unknown };
    if (!Array.isArray(list)) return null;
    const pairs = list.flatMap((one: unknown): [string, number][] => {
      const { id, 'thread-id': tid } = one as Readonly<Record<string, unknown>>;
      return typeof id === 'string' && typeof tid === 'number' ? [[id, tid]] : [];
    });
    return new Map(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
  } catch {
    return null;
  }
}
