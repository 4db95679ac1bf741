import { LIMITS } from '../../documents/limits.ts';
import { parseRequest } from '../../documents/parse-request.ts';
import { readJson } from '../../documents/read-json.ts';
import { AppError, EXIT } from '../../domain/app-error.ts';
import type { Host } from '../../domain/host.ts';
import { roomFor, type Room } from '../../engine/room-for.ts';
import { usageOf } from '../../engine/usage.ts';
import { readText } from '../input.ts';
import { documentedHost, observedHost } from '../observed-host.ts';
import { withNode } from '../open-node.ts';
import { columnsToUse, print } from '../output.ts';
import { renderRoom } from '../render/render-room.ts';
import { renderUsage } from '../render/render-usage.ts';
import { usageCsv } from '../render/usage-csv.ts';

/** What `pinfold usage` was asked for. */
export interface UsageOptions {
  /** A host document or capture in place of a node. */
  readonly host: string | undefined;
  /** A request: how many more such guests fit. */
  readonly shape: string | undefined;
  readonly root: string | undefined;
  readonly node: string | undefined;
  readonly form: 'text' | 'csv' | 'json';
}

/** UTF-8 has at most this many bytes a character. */
const CHARACTER_BYTES = 4;

/** Prints what a node can give, what is taken, what each guest costs, and how many more guests of a shape fit. */
export async function usageCommand(options: UsageOptions): Promise<number> {
  const shape = options.shape === undefined ? null : await requestIn(options.shape);
  const host = await hostOf(options);
  const usage = usageOf(host);
  let room: Room | null | undefined;
  if (shape !== null) {
    const result = roomFor(host, shape);
    if (!result.ok) throw new AppError(result.error.code, EXIT.usage, result.error.summary);
    ({ room } = result);
  }
  if (options.form === 'csv') await print(usageCsv(host.topology.host, usage));
  else if (options.form === 'json') {
    const document = { kind: 'pinfold/usage', version: 1, host: host.topology.host, ...usage };
    await print(`${JSON.stringify(room === undefined ? document : { ...document, room }, null, 2)}\n`);
  } else {
    const more = room === undefined ? [] : ['', ...renderRoom(room, columnsToUse()), ''];
    await print(`${renderUsage(usage)}${more.join('\n')}`);
  }
  return EXIT.done;
}

function hostOf({ host, root, node }: UsageOptions): Promise<Host> {
  return host === undefined ? withNode({ root, node }, observedHost) : documentedHost(host);
}

async function requestIn(file: string) {
  const text = await readText(file, CHARACTER_BYTES * LIMITS.textLength);
  return parseRequest(readJson(text, 'the request'));
}
