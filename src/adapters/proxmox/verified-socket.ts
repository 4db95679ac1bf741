import { isIP } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { ApiTarget } from './api-target.ts';
import { DEFAULT_API_PORT } from './api-target.ts';
import type { NetworkFault } from './network-failure.ts';

/** Thrown with what kept a call from its answer; becomes a sentence where the call is known. */
export class NetworkError extends Error {
  readonly fault: NetworkFault;
  constructor(fault: NetworkFault, cause?: unknown) {
    super(fault.kind, { cause });
    this.fault = fault;
  }
}

/**
 * A TLS connection to a server that is the one we know. With a pinned fingerprint the certificate itself decides, whoever
 * signed it and whatever its dates; else its chain and name do. Nothing is sent before that.
 */
export function openVerifiedSocket(target: ApiTarget, signal: AbortSignal): Promise<TLSSocket> {
  const { host, trust } = target;
  const options: ConnectionOptions = {
    host,
    port: target.port ?? DEFAULT_API_PORT,
    ...(isIP(host) === 0 && { servername: host }),
    ...(trust.kind === 'authority' && { ca: trust.pem }),
    rejectUnauthorized: trust.kind !== 'fingerprint',
  };
  return new Promise((resolve, reject) => {
    let socket: TLSSocket;
    const fail = (fault: NetworkFault, cause?: unknown) => {
      signal.removeEventListener('abort', late);
      socket.destroy();
      reject(new NetworkError(fault, cause));
    };
    const late = () => {
      fail({ kind: 'late' });
    };
    try {
      socket = connect(options);
    } catch (cause) {
      // A ca that is no PEM.
      reject(new NetworkError({ kind: 'untrusted-certificate', detail: detailOf(cause) }, cause));
      return;
    }
    // Stays for the connection's whole life: an error without any listener would end the process.
    socket.on('error', (cause: Error) => {
      fail(faultOf(cause), cause);
    });
    socket.once('secureConnect', () => {
      const shown = socket.getPeerCertificate().fingerprint256;
      if (trust.kind === 'fingerprint' && !sameFingerprint(shown, trust.sha256)) {
        fail({ kind: 'other-certificate', shown, pinned: trust.sha256 });
        return;
      }
      signal.removeEventListener('abort', late);
      resolve(socket);
    });
    if (signal.aborted) late();
    else signal.addEventListener('abort', late, { once: true });
  });
}

/** OpenSSL's and Node's codes of a certificate that does not stand; all others are about the network. */
function faultOf(cause: Error): NetworkFault {
  const code = 'code' in cause ? String(cause.code) : '';
  const ofCertificate = /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE/;
  return ofCertificate.test(code) && code !== 'ERR_TLS_CERT_ALTNAME_FORMAT'
    ? { kind: 'untrusted-certificate', detail: detailOf(cause) }
    : { kind: 'unreachable', detail: code === '' ? detailOf(cause) : code };
}

function detailOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).replace(/[.\s]+$/, '').slice(0, 200);
}

/** `1e:b0:…`, `1EB0…` and `SHA256:1E:B0…` are the same. */
function sameFingerprint(shown: string, pinned: string): boolean {
  const plain = (text: string) =>
    text
      .replace(/^sha256[:\s]/i, '')
      .replace(/[:\s]/g, '')
      .toUpperCase();
  return shown !== '' && plain(shown) === plain(pinned);
}
