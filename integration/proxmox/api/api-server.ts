import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Access, type Account } from './access.ts';
import { ApiFault } from './api-fault.ts';
import type { Parameters } from './check-parameters.ts';
import { Guests, type GuestSetup } from './guests.ts';
import type { ListedDevice } from './node-facts.ts';
import { answerCall } from './routes.ts';
import { selfSigned, type SelfSigned } from './self-signed.ts';
import { Tasks } from './tasks.ts';

/** What a stand-in of a node's API is made of. */
export interface ApiSetup extends Omit<GuestSetup, 'seconds'> {
  readonly accounts: readonly Account[];
  readonly devices?: readonly ListedDevice[];
  /** The certificate; absent: one made for the node's name and 127.0.0.1. */
  readonly tls?: SelfSigned;
  /** Seconds since 1970. */
  readonly seconds?: () => number;
}

/** What goes wrong with the calls that match, in place of an answer. */
export type Trouble = 'hang' | 'break-off' | 'garbage' | 'huge' | 'trickle' | 'done-but-unsaid';

/** One call that came, for whoever counts them. */
export interface SeenCall {
  readonly method: string;
  readonly path: string;
}

/** The REST API of one Proxmox VE node over TLS on loopback. */
export interface ApiServer {
  readonly port: number;
  readonly tls: SelfSigned;
  readonly guests: Guests;
  readonly access: Access;
  readonly calls: readonly SeenCall[];
  /** From now on calls whose `METHOD path` matches go wrong this way; null = everything works again. */
  trouble(match: RegExp | null, kind?: Trouble): void;
  close(): Promise<void>;
}

const PREFIX = '/api2/json';
const JSON_TYPE = 'application/json;charset=UTF-8';

/** Starts a stand-in. */
export async function startApiServer(setup: ApiSetup): Promise<ApiServer> {
  const seconds = setup.seconds ?? (() => Math.floor(Date.now() / 1000));
  const tls = setup.tls ?? selfSigned([setup.node, 'localhost', '127.0.0.1']);
  const access = new Access(setup.accounts, seconds);
  const guests = new Guests({ ...setup, seconds });
  const node = {
    name: setup.node,
    tls,
    access,
    guests,
    tasks: new Tasks(setup.node, seconds),
    devices: setup.devices ?? [],
    registeredTags: setup.registeredTags ?? [],
  };
  const calls: SeenCall[] = [];
  let wrong: { readonly match: RegExp; readonly kind: Trouble } | null = null;
  const server = createServer({ key: tls.key, cert: tls.certificate }, (request, response) => {
    const method = request.method ?? 'GET';
    const url = new URL(request.url ?? '/', 'https://node');
    const path = decodeURIComponent(url.pathname);
    const trouble = wrong?.match.test(`${method} ${path}`) === true ? wrong.kind : null;
    calls.push({ method, path });
    if (trouble !== null && trouble !== 'done-but-unsaid') {
      makeTrouble(trouble, response);
      return;
    }
    bodyOf(request)
      .then(body => {
        if (!url.pathname.startsWith(PREFIX)) throw new ApiFault(404, 'no such file', { bare: true });
        const parameters: Parameters = Object.fromEntries([
          ...url.searchParams,
          ...new URLSearchParams(body),
        ]);
        const call = { method, path: decodeSegments(url.pathname.slice(PREFIX.length)), parameters };
        return answerCall(node, call, () => access.caller(method, request.headers));
      })
      .then(
        answer => {
          if (trouble === 'done-but-unsaid') response.destroy();
          else send(response, 200, 'OK', answer);
        },
        (error: unknown) => {
          refuse(response, error);
        },
      );
  });
  const port = await listen(server);
  return {
    port,
    tls,
    guests,
    access,
    calls,
    trouble: (match, kind = 'hang') => {
      wrong = match === null ? null : { match, kind };
    },
    close: () =>
      new Promise(resolve => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** A path's segments, each decoded alone, so that `%2F` inside one stays inside. */
function decodeSegments(path: string): readonly string[] {
  return path.split('/').slice(1).map(decodeURIComponent);
}

function listen(server: Server): Promise<number> {
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

function send(response: ServerResponse, status: number, reason: string, body: object): void {
  response.writeHead(status, reason, { 'Content-Type': JSON_TYPE });
  response.end(JSON.stringify(body));
}

/** A refusal is the reason of the status line, and with it a body where a handler refused. */
function refuse(response: ServerResponse, error: unknown): void {
  const fault = error instanceof ApiFault ? error : new ApiFault(500, `${(error as Error).message}\n`);
  const { status, message, errors } = fault;
  const reason = message.split('\n')[0]!.replace(/[^\x20-\x7e]/g, '?');
  if (!fault.bare) {
    send(response, status, reason, { data: null, message, ...(errors && { errors }) });
    return;
  }
  response.writeHead(status, reason);
  response.end();
}

function makeTrouble(kind: Exclude<Trouble, 'done-but-unsaid'>, response: ServerResponse): void {
  if (kind === 'hang') return;
  response.writeHead(200, { 'Content-Type': JSON_TYPE });
  if (kind === 'garbage') response.end('<html>not what you asked for');
  else if (kind === 'break-off') response.write('{"data":[{"vm', () => response.destroy());
  else if (kind === 'huge') writeWithoutEnd(response, Buffer.alloc(1 << 20, 0x20), 0);
  else writeWithoutEnd(response, Buffer.of(0x20), 20);
}

/** Writes the same piece until the other side has enough. */
function writeWithoutEnd(response: ServerResponse, piece: Buffer, pauseMs: number): void {
  if (response.destroyed) return;
  response.write(piece, () => {
    setTimeout(() => {
      writeWithoutEnd(response, piece, pauseMs);
    }, pauseMs);
  });
}
