import type { DriftCause, ReportedDrift } from '../../domain/drift.ts';
import type { Finding } from './finding.ts';
import type { Observed } from './observed.ts';
import { keyOfDrift, MOST_REPAIRS, type RepairMemory } from './repair-memory.ts';

/** What happens again without anybody working against us. */
const RECURRING: readonly DriftCause[] = [
  'cpu-offline',
  'cpu-back-online',
  'plugged-in',
  'dedicated-came',
  'dedicated-left',
  'process-gone',
  'lease-expired',
  'other-boot',
];

function keyOf({ drift, guest }: Finding): string {
  return keyOfDrift(drift, guest?.process ?? '');
}

/** Whether this was mended so often already that somebody undoes it. */
export function isFoughtOver(finding: Finding, memory: RepairMemory): boolean {
  if (RECURRING.includes(finding.drift.cause) || finding.remedy.kind === 'none') return false;
  return (memory.mended[keyOf(finding)]?.times ?? 0) >= MOST_REPAIRS;
}

/** The findings, those that are fought over with who may do it in the place of a remedy. */
export function withoutFought(
  findings: readonly Finding[],
  fought: ReadonlySet<number>,
  seen: Observed,
): readonly Finding[] {
  return findings.map((finding, index) =>
    fought.has(index) ? { ...finding, remedy: { kind: 'none', why: suspects(finding, seen) } } : finding,
  );
}

function suspects({ drift }: Finding, { fighters }: Observed): string {
  const names = [
    ...fighters.tools.filter(tool => tool !== 'irqbalance' || drift.code === 'emulator-astray'),
    ...(drift.code === 'memory-astray' && fighters.numaBalancing ? ['automatic NUMA balancing'] : []),
    ...(drift.code === 'memory-astray' && fighters.ksmAcrossCells ? ['KSM across cells'] : []),
  ];
  const who = names.length === 0 ? 'another program or person' : names.join(' or ');
  return `it was mended ${MOST_REPAIRS} times within an hour and is undone each time, so it is left alone: ${who} works against Pinfold here, so stop that, or take the placement off this guest`;
}

/** What the next run is told. What is gone is forgotten. */
export function nextMemory(
  before: RepairMemory,
  now: {
    readonly findings: readonly Finding[];
    readonly drift: readonly ReportedDrift[];
    readonly confined: ReadonlyMap<string, string>;
    readonly offline: string;
    readonly seconds: number;
    readonly processes: ReadonlySet<string>;
  },
): RepairMemory {
  const mended = { ...before.mended };
  now.findings.forEach((finding, index) => {
    const counts = !RECURRING.includes(finding.drift.cause);
    if (!counts || now.drift[index]?.repair !== 'done' || finding.guest === null) return;
    const key = keyOf(finding);
    mended[key] = { times: (mended[key]?.times ?? 0) + 1, lastSeconds: now.seconds };
  });
  const confined = [...now.confined].filter(([process]) => now.processes.has(process));
  return { offline: now.offline, confined: Object.fromEntries(confined), mended };
}
