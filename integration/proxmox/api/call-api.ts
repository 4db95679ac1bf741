import { request } from 'node:https';

/** A call as a test makes it, without any client of the project. */
export interface PlainCall {
  readonly port: number;
  readonly ca: string;
  readonly method: string;
  readonly path: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Status, reason and JSON body (null where there is none) of an answer. */
export interface PlainAnswer {
  readonly status: number;
  readonly reason: string;
  readonly body: unknown;
}

export function callApi(call: PlainCall): Promise<PlainAnswer> {
  const fields = new URLSearchParams(call.parameters).toString();
  const writes = call.method === 'PUT' || call.method === 'POST';
  const path = `/api2/json${call.path}${!writes && fields !== '' ? `?${fields}` : ''}`;
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: call.port,
        ca: call.ca,
        method: call.method,
        path,
        headers: { ...call.headers },
      },
      answer => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(parts).toString('utf8');
          resolve({
            status: answer.statusCode ?? 0,
            reason: answer.statusMessage ?? '',
            body: text === '' ? null : JSON.parse(text),
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(writes ? fields : undefined);
  });
}

/** Logs in and answers the headers that a call with this ticket carries. */
export async function ticketHeaders(
  server: { readonly port: number; readonly ca: string },
  username: string,
  password: string,
): Promise<Record<string, string>> {
  const answer = await callApi({
    ...server,
    method: 'POST',
    path: '/access/ticket',
    parameters: { username, password },
  });
  const { data } = answer.body as { data: { ticket: string; CSRFPreventionToken: string } };
  return {
    cookie: `PVEAuthCookie=${encodeURIComponent(data.ticket)}`,
    CSRFPreventionToken: data.CSRFPreventionToken,
  };
}
