import { AppError, EXIT } from '../../domain/app-error.ts';
import { apiPlace, DEFAULT_API_DEADLINE_MS, type ApiTarget } from './api-target.ts';

/** What kept an answer from coming. */
export type NetworkFault =
  | { readonly kind: 'late' }
  | { readonly kind: 'unreachable' | 'lost' | 'garbage'; readonly detail: string }
  | { readonly kind: 'other-certificate'; readonly shown: string; readonly pinned: string }
  | { readonly kind: 'untrusted-certificate'; readonly detail: string };

/**
 * The sentence for a call without an answer. A write that was sent may have been done: whoever reads it must look before
 * repeating it, and we never repeat it ourselves.
 */
export function networkFailure(
  target: ApiTarget,
  fault: NetworkFault,
  call: { readonly writes: boolean; readonly sent: boolean },
  cause?: unknown,
): AppError {
  const place = apiPlace(target);
  const after =
    call.writes && call.sent ? 'it may have been done all the same, so look before you repeat it' : null;
  const make = (code: string, sentence: string) => new AppError(code, EXIT.unreachable, sentence, cause);
  switch (fault.kind) {
    case 'late':
      return make(
        'api-timeout',
        `${place} gave no answer within ${(target.deadlineMs ?? DEFAULT_API_DEADLINE_MS) / 1000} s: ${after ?? 'check that the node is not stuck, then try again'}.`,
      );
    case 'unreachable':
      return make(
        'api-unreachable',
        `${place} cannot be reached (${fault.detail}): check that the node runs and that pveproxy listens there.`,
      );
    case 'lost':
      return make(
        'api-answer-lost',
        `The answer of ${place} broke off (${fault.detail}): ${after ?? 'try it again'}.`,
      );
    case 'garbage':
      return make(
        'api-answer-unreadable',
        `${place} answered what no Proxmox VE API answers (${fault.detail}): ${after ?? 'check host and port in nodes.yaml'}.`,
      );
    case 'other-certificate':
      return make(
        'api-certificate-changed',
        `${place} shows the certificate ${fault.shown}, but ${fault.pinned} is pinned: nothing was sent; find out why it changed before you change the fingerprint in nodes.yaml.`,
      );
    case 'untrusted-certificate':
      return make(
        'api-certificate-untrusted',
        `The certificate of ${place} cannot be trusted (${fault.detail}): nothing was sent; give its fingerprint or its ca in nodes.yaml.`,
      );
  }
}
