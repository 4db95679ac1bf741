import { AppError } from '../../domain/app-error.ts';
import { hostPolicyOf, type OnRefusal } from '../../domain/node-policy.ts';
import { DOMAIN_XML_CODE } from '../../formats/domain-xml/domain-xml-error.ts';
import { confirmed } from '../collect-garbage.ts';
import { loadPolicy } from '../load-policy.ts';
import { prepareStart, type Preparation } from '../prepare-start.ts';
import { sentenceOf } from '../sentence-of.ts';
import {
  ARRIVAL_VERSION,
  arrivalLine,
  readArrivalQuestion,
  type ArrivalAnswer,
  type ArrivalQuestion,
} from './arrival-message.ts';
import { awaitArrival } from './await-arrival.ts';
import type { DriverAnswer, DriverCall } from './driver-call.ts';
import { travellingXml } from './travel.ts';

const ENDED: DriverAnswer = { code: 0, stdout: '', stderr: '' };

/**
 * `arrive`, on the host that a guest comes to: no action of OpenNebula's, but called over ssh by Pinfold on the host that the
 * guest leaves.
 *
 * 1. Read its question, decide with this host's policy, ledger and topology, and lease the place.
 * 2. Answer with the guest's XML as it is to be born here.
 * 3. Stay until the migration is over: the lease is this process's and lives no longer than it.
 */
export async function arrive(call: DriverCall): Promise<DriverAnswer> {
  const channel = await call.migration.fromSource();
  try {
    const heard = await channel.receive(call.migration.answerMs);
    const question = await questionOf(heard.kind === 'line' ? heard.line : '');
    if ('reason' in question) {
      channel.send(arrivalLine({ kind: 'refused', ...question, warnings: [] }));
      return ENDED;
    }
    const { answer, prepared } = await answerTo(question, call);
    call.at('decided');
    channel.send(arrivalLine(answer));
    if (prepared !== null) await awaitArrival(call, { channel, prepared });
    return ENDED;
  } finally {
    await channel.close();
  }
}

async function questionOf(line: string): Promise<ArrivalQuestion | { readonly reason: string }> {
  const read = readArrivalQuestion(line);
  if (read === null) return { reason: 'What the other host asked for could not be read.' };
  if (read.version !== ARRIVAL_VERSION)
    return {
      reason: `The other host asks in version ${read.version}, and Pinfold here knows version ${ARRIVAL_VERSION}: run "onehost sync --force".`,
    };
  try {
    const { parseRequest } = await import('../../documents/parse-request.ts');
    return { ...read, version: ARRIVAL_VERSION, request: parseRequest(read.request, 'what the VM asks for') };
  } catch (error) {
    return { reason: sentenceOf(error) };
  }
}

type Placed = Extract<Preparation, { readonly kind: 'placed' }>;

async function answerTo(
  question: ArrivalQuestion,
  call: DriverCall,
): Promise<{ readonly answer: ArrivalAnswer; readonly prepared: Placed | null }> {
  const bare = async (warnings: readonly string[]) => ({
    answer: { kind: 'unplaced' as const, xml: await bareXml(question), warnings },
    prepared: null,
  });
  try {
    const prepared = await prepareAsItIs(question, call);
    const { warnings } = prepared;
    if (prepared.kind === 'placed')
      return { answer: { kind: 'placed', xml: prepared.text, warnings }, prepared };
    if (prepared.kind === 'refused' && question.onRefusal === 'strict')
      return { answer: { kind: 'refused', reason: prepared.reason, warnings }, prepared: null };
    if (prepared.kind === 'refused')
      return await bare([...warnings, `${prepared.reason} The VM comes without a placement.`]);
    return await bare(warnings);
  } catch (error) {
    const reason = sentenceOf(error);
    if (question.onRefusal === 'float') return bare([`${reason} The VM comes without a placement.`]);
    return { answer: { kind: 'refused', reason, warnings: [] }, prepared: null };
  }
}

/**
 * A guest that may float is held to one cell where it finds no room, which one with several cells or large pages cannot be while
 * it runs: that is then asked for once more as it is, for the reason why there is no room.
 */
async function prepareAsItIs(question: ArrivalQuestion, call: DriverCall): Promise<Preparation> {
  try {
    return await prepare(question, call, question.onRefusal);
  } catch (error) {
    const isShape = error instanceof AppError && error.code === DOMAIN_XML_CODE;
    if (question.onRefusal === 'strict' || !isShape) throw error;
    return prepare(question, call, 'strict');
  }
}

function bareXml({ xml, request, onRefusal, profile }: ArrivalQuestion): Promise<string> {
  return travellingXml(xml, { vm: request.vm, request, onRefusal, profile });
}

/** The decision, for the guest with the cells and pages that it has; no lock is held afterwards. */
async function prepare(
  question: ArrivalQuestion,
  call: DriverCall,
  onRefusal: OnRefusal,
): Promise<Preparation> {
  const { xml, profile } = question;
  const { requestAsRunning, spliceRunning } = await import('../running-formats.ts');
  const { insertClaim, writeClaimMetadata } = await import('../xml-formats.ts');
  const { policy } = await loadPolicy(call.node, call.folders);
  return prepareStart(
    {
      request: requestAsRunning(question.request, xml),
      onRefusal,
      marker: null,
      rewrite: entry => {
        const { placement } = entry;
        const request = entry.wished ?? entry.request;
        const extra = { profile, onRefusal: question.onRefusal, placement, request };
        return insertClaim(
          spliceRunning(xml, placement),
          writeClaimMetadata(confirmed(entry, '').claim, extra),
        );
      },
      // It asks for no CPUs, so that it brings no pins either.
      reshape: () => null,
    },
    { ...call, policy: hostPolicyOf(policy), stateFolder: call.folders.state },
  );
}
