import type { PlacementRequest } from '../../domain/placement-request.ts';
import { readArrivalLine, type ArrivalAnswer, type ArrivalQuestion } from './arrival-message.ts';
import type { DriverCall } from './driver-call.ts';
import type { LineChannel } from '../ports.ts';
import { sentenceOf } from '../sentence-of.ts';

/** The question, where the ledger may not know what the guest asked for. */
export type Asked = Omit<ArrivalQuestion, 'request'> & { readonly request: PlacementRequest | null };

/** `absent`: no Pinfold there. `silent`: whether it fits there could not be learned. */
export type Destination =
  | Exclude<ArrivalAnswer, { readonly kind: 'confirmed' }>
  | { readonly kind: 'absent' }
  | { readonly kind: 'silent'; readonly reason: string };

/** Exit codes of the command on the destination: its folder of scripts has no Pinfold, or one without `arrive`. */
export const NO_PINFOLD = 93;
export const OLD_PINFOLD = 94;

/**
 * How long the destination may take to look at each thread of a guest that came and to pin it again: half a minute for the
 * pins, as a start may take, and as long for the node's lock.
 */
export const HEARD_NOTHING_MS = 90_000;

/** Lines of a login shell's own before Pinfold's; more of them is no greeting any more. */
const FOREIGN_LINES = 200;

/**
 * Asks Pinfold on the destination for a place. Where it was given one, the channel stays open: the lease there lives as long
 * as it does.
 */
export async function askDestination(
  call: DriverCall,
  host: string,
  question: Asked,
): Promise<{ readonly channel: LineChannel | null; readonly asked: Destination }> {
  const silent = (reason: string) => ({ channel: null, asked: { kind: 'silent' as const, reason } });
  if (question.request === null)
    return silent(
      `What ${call.args[0] ?? 'the VM'} asks for is not in the ledger of this host, so ${host} was not asked for a place and it was not migrated: run "pinfold reconcile" here, or stop it and start it there.`,
    );
  let channel: LineChannel;
  try {
    channel = await call.migration.toHost(host);
  } catch (error) {
    return silent(sentenceOf(error));
  }
  channel.send(JSON.stringify(question));
  const asked = await answerOf(channel, { host, xml: question.xml, answerMs: call.migration.answerMs });
  if (asked.kind === 'placed') return { channel, asked };
  await channel.close();
  return { channel: null, asked };
}

interface Expected {
  readonly host: string;
  /** What was sent: only pins may come back changed. */
  readonly xml: string;
  readonly answerMs: number;
}

async function answerOf(channel: LineChannel, expected: Expected): Promise<Destination> {
  const { host, answerMs } = expected;
  const until = Date.now() + answerMs;
  for (let lines = 0; lines < FOREIGN_LINES; lines += 1) {
    const heard = await channel.receive(Math.max(1, until - Date.now()));
    if (heard.kind === 'late')
      return {
        kind: 'silent',
        reason: `Pinfold on ${host} did not say within ${Math.round(answerMs / 1000)} seconds where the VM would go, so it was not migrated: look at the load there, or raise PINFOLD_TIMEOUT in driver.conf.`,
      };
    if (heard.kind === 'end') return ended(channel, host);
    const answer = readArrivalLine(heard.line);
    if (answer !== null) return checked(answer, expected);
  }
  return garbage(host, 'it said something else than Pinfold does');
}

async function ended(channel: LineChannel, host: string): Promise<Destination> {
  const { code, said } = await channel.close();
  if (code === NO_PINFOLD) return { kind: 'absent' };
  if (code === OLD_PINFOLD)
    return {
      kind: 'silent',
      reason: `Pinfold on ${host} is older than here and cannot place a VM before it comes, so it was not migrated: run "onehost sync --force".`,
    };
  const words = said === '' ? '' : ` (${said.replace(/\.$/, '')})`;
  return {
    kind: 'silent',
    reason:
      code === 255
        ? `${host} could not be reached over ssh${words}, so the VM was not migrated: see that this user can log in there from here without a password.`
        : `Pinfold on ${host} ended without an answer${words}, so the VM was not migrated: run "pinfold doctor" there.`,
  };
}

/** libvirt on this side is only given what differs from the guest in nothing but its place. */
async function checked(answer: ArrivalAnswer | 'garbage', { host, xml }: Expected): Promise<Destination> {
  if (answer === 'garbage' || answer.kind === 'confirmed') return garbage(host, 'it cannot be read');
  if (answer.kind === 'refused')
    return { ...answer, reason: `${host} has no place for the VM, so it was not migrated: ${answer.reason}` };
  const { sameGuest } = await import('../running-formats.ts');
  try {
    if (sameGuest(xml, answer.xml)) return answer;
  } catch {
    // No domain at all.
  }
  return garbage(host, 'its domain XML is not that of this VM');
}

function garbage(host: string, what: string): Destination {
  return {
    kind: 'silent',
    reason: `The answer of Pinfold on ${host} cannot be used (${what}), so the VM was not migrated: install the same version on both hosts with "onehost sync --force".`,
  };
}
