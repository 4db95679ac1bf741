import { request } from 'node:http';
import type { ApiTarget } from './api-target.ts';
import { NetworkError, openVerifiedSocket } from './verified-socket.ts';

/** One HTTP request as it is sent. */
export interface HttpRequest {
  readonly method: string;
  /** With the query, encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What came back. */
export interface HttpAnswer {
  readonly status: number;
  readonly reason: string;
  readonly text: string;
}

/** The list of all VMs of a large cluster has some hundred KiB. */
const LONGEST_ANSWER = 8 * 1024 * 1024;

/**
 * Sends one request over a connection of its own and waits for the whole answer, as long as the signal lets it. Throws a
 * NetworkError; `onSent` is called when the server may have begun to act.
 */
export async function exchange(
  target: ApiTarget,
  { method, path, headers, body }: HttpRequest,
  run: { readonly signal: AbortSignal; readonly onSent: () => void },
): Promise<HttpAnswer> {
  const { signal } = run;
  const socket = await openVerifiedSocket(target, signal);
  try {
    return await new Promise<HttpAnswer>((resolve, reject) => {
      const lost = (cause: Error) => {
        reject(new NetworkError({ kind: 'lost', detail: cause.message }, cause));
      };
      const late = () => {
        reject(new NetworkError({ kind: 'late' }));
      };
      if (signal.aborted) late();
      else signal.addEventListener('abort', late, { once: true });
      const sent = request({
        createConnection: () => socket,
        host: target.host,
        method,
        path,
        headers: {
          ...headers,
          Connection: 'close',
          ...(body !== undefined && { 'Content-Length': Buffer.byteLength(body) }),
        },
      });
      sent.on('error', lost);
      sent.on('response', answer => {
        const parts: Buffer[] = [];
        let length = 0;
        answer.on('error', lost);
        answer.on('data', (part: Buffer) => {
          parts.push(part);
          length += part.length;
          if (length > LONGEST_ANSWER)
            reject(new NetworkError({ kind: 'garbage', detail: `more than ${LONGEST_ANSWER} bytes` }));
        });
        answer.on('end', () => {
          const { statusCode = 0, statusMessage = '' } = answer;
          resolve({ status: statusCode, reason: statusMessage, text: Buffer.concat(parts).toString('utf8') });
        });
      });
      run.onSent();
      sent.end(body);
    });
  } finally {
    socket.destroy();
  }
}
