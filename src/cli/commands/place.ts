import { LIMITS } from '../../documents/limits.ts';
import { readJson } from '../../documents/read-json.ts';
import { AppError, EXIT } from '../../domain/app-error.ts';
import { decideDocuments, documentFault, type TimedDecision } from '../decide-documents.ts';
import { readLines, readText } from '../input.ts';
import { print, say } from '../output.ts';

/** What `pinfold place` was asked for; files may be `-`. */
export interface PlaceOptions {
  readonly host?: string | undefined;
  readonly request?: string | undefined;
  readonly batch: boolean;
  readonly timing: boolean;
}

/** Characters of one line of a batch: a host and a request of the longest. */
const LONGEST_PAIR = 2 * LIMITS.textLength;
/** UTF-8 has at most this many bytes a character. */
const CHARACTER_BYTES = 4;
const LONGEST_LINE = CHARACTER_BYTES * LONGEST_PAIR;
const LONGEST_FILE = CHARACTER_BYTES * LIMITS.textLength;

/** Decides and prints the decision; touches nothing. Answers with the exit code. */
export async function placeCommand(options: PlaceOptions): Promise<number> {
  if (options.batch) return placeBatch(options);
  const { host, request } = options;
  if (host === undefined || request === undefined)
    throw usage('place needs both --host FILE and --request FILE, or --batch with both on standard input.');
  if (host === '-' && request === '-')
    throw usage('Only one of --host and --request can be standard input ("-"): give the other as a file.');
  const texts = { host: await readText(host, LONGEST_FILE), request: await readText(request, LONGEST_FILE) };
  const decision = decideTexts(texts, options.timing);
  if (!decision.fits && 'error' in decision) say(decision.error.summary);
  await print(`${JSON.stringify(decision, null, 2)}\n`);
  if (decision.fits) return EXIT.done;
  return 'error' in decision ? EXIT.usage : EXIT.refused;
}

/** One decision for each line that is not blank, in order; nothing is kept from line to line. */
async function placeBatch(options: PlaceOptions): Promise<number> {
  if (options.host !== undefined || options.request !== undefined)
    throw usage('With --batch host and request come on standard input: leave out --host and --request.');
  for await (const { text } of readLines(LONGEST_LINE)) {
    if (text?.trim() === '') continue;
    await print(`${JSON.stringify(decideLine(text, options.timing))}\n`);
  }
  return EXIT.done;
}

function decideLine(text: string | null, timing: boolean): TimedDecision {
  if (text === null)
    return documentFault(
      new AppError(
        'document-too-large',
        EXIT.usage,
        `The line is longer than ${LONGEST_LINE} bytes, which no host with its request is: check what was given.`,
      ),
    );
  let pair: unknown;
  try {
    pair = readJson(text, 'the line', LONGEST_PAIR);
  } catch (error) {
    return documentFault(error);
  }
  if (typeof pair !== 'object' || pair === null || Array.isArray(pair))
    return documentFault(
      invalid('The line is no object: write {"host": …, "request": …} with both documents.'),
    );
  const stranger = Object.keys(pair).find(key => key !== 'host' && key !== 'request');
  if (stranger !== undefined)
    return documentFault(
      new AppError(
        'document-unknown-key',
        EXIT.usage,
        `The line has the unknown key ${JSON.stringify(stranger.slice(0, 60))}: only "host" and "request" belong there.`,
      ),
    );
  const { host, request } = pair as { host?: unknown; request?: unknown };
  return decideDocuments({ host, request }, timing);
}

function decideTexts(
  texts: { readonly host: string; readonly request: string },
  timing: boolean,
): TimedDecision {
  try {
    const host = readJson(texts.host, 'the host document');
    const request = readJson(texts.request, 'the request');
    return decideDocuments({ host, request }, timing);
  } catch (error) {
    return documentFault(error);
  }
}

function invalid(message: string): AppError {
  return new AppError('document-value-invalid', EXIT.usage, message);
}

function usage(message: string): AppError {
  return new AppError('usage', EXIT.usage, message);
}
