import pc from 'picocolors';
import type { Check, CheckState, Diagnosis } from '../../domain/diagnosis.ts';
import { counted } from '../../domain/counted.ts';
import { wrapText } from './wrap-text.ts';

/** How a diagnosis is drawn. */
export interface DoctorView {
  readonly color: boolean;
  /** Columns, at least 40. */
  readonly width: number;
}

const WORDS: Readonly<Record<CheckState, string>> = { ok: 'ok', warn: 'warn', fail: 'FAIL', skip: 'skip' };
/** Room for the state and for the longest id. */
const STATE = 6;
const ID = 24;

/** The checks one below another, remedies under those that have one; those that were not looked at come last, by reason. */
export function renderDoctor(
  { host, stateFolder, policyFolder, checks }: Diagnosis,
  view: DoctorView,
): string {
  const looked = checks.filter(({ state }) => state !== 'skip');
  const lines = [
    ...wrapText(`${host}: state in ${stateFolder}, policy in ${policyFolder}`, view.width),
    '',
    ...looked.flatMap(check => lineOf(check, view)),
    ...skipped(checks, view),
    '',
    sumOf(checks),
  ];
  return `${lines.join('\n')}\n`;
}

function lineOf({ id, state, reason, remedy }: Check, { color, width }: DoctorView): string[] {
  const room = width - STATE - ID;
  const [first = '', ...rest] = wrapText(reason, room);
  const colors = pc.createColors(color);
  const paint = { ok: colors.green, warn: colors.yellow, fail: colors.red, skip: colors.dim }[state];
  const below = [...rest, ...wrapText(remedy === null ? '' : `→ ${remedy}`, room)];
  return [
    `${paint(WORDS[state].padEnd(STATE))}${id.padEnd(ID)}${first}`,
    ...below.map(line => `${' '.repeat(STATE + ID)}${line}`),
  ];
}

/** One entry for each reason, with all checks that share it. */
function skipped(checks: readonly Check[], { color, width }: DoctorView): string[] {
  const byReason = new Map<string, string[]>();
  for (const { id, state, reason, remedy } of checks) {
    if (state !== 'skip') continue;
    const why = remedy === null ? reason : `${reason} ${remedy}`;
    byReason.set(why, [...(byReason.get(why) ?? []), id]);
  }
  const { dim } = pc.createColors(color);
  const entries = [...byReason].flatMap(([why, ids]) =>
    wrapText(`${ids.join(', ')}: ${why}`, width - STATE).map((line, index) =>
      dim(`${(index === 0 ? WORDS.skip : '').padEnd(STATE)}${line}`),
    ),
  );
  return entries.length === 0 ? [] : ['', ...entries];
}

function sumOf(checks: readonly Check[]): string {
  const count = (state: CheckState) => checks.filter(check => check.state === state).length;
  const [failed, warned] = [count('fail'), count('warn')];
  const rest = `${count('ok')} ok, ${count('skip')} not looked at`;
  if (failed > 0) return `${counted(failed, 'check')} failed, ${counted(warned, 'warning')}, ${rest}.`;
  return warned > 0 ? `Nothing failed: ${counted(warned, 'warning')}, ${rest}.` : `All is well: ${rest}.`;
}
