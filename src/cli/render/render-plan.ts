import { counted } from '../../domain/counted.ts';
import type { Change, Plan, PlanScore } from '../../domain/plan.ts';
import { cpusNamed, priceOf } from '../../engine/rebalance/price.ts';

/** What is said around a plan. */
export interface PlanWords {
  readonly host: string;
  /** Where the guest that room was asked for then goes; null without one. */
  readonly newcomer: { readonly vm: string; readonly cells: string } | null;
  /** Guests that stay, and why. */
  readonly fixed: readonly { readonly vm: string; readonly reason: string }[];
}

/** Guests that stay are named up to this many. */
const MOST_NAMED = 5;

const PARTS: readonly (readonly [keyof PlanScore, string])[] = [
  ['largestHole', 'largest hole, CPUs'],
  ['remoteMemoryMiB', 'remote memory, MiB'],
  ['brokenCores', 'half-used cores'],
  ['cacheDomains', 'cache domains spanned'],
  ['deviceDistance', 'distance to devices'],
  ['cellDistance', 'distance between cells'],
  ['balance', 'imbalance, ‰'],
];

/** A plan for a reader: each change with its price, then the node before and after. Ends with a line end. */
export function renderPlan(plan: Plan, words: PlanWords): string {
  const { changes } = plan;
  const guests = new Set(changes.map(({ vm }) => vm)).size;
  const head =
    changes.length === 0
      ? `Nothing is to be changed on ${words.host}.`
      : `${counted(changes.length, 'change')} of ${counted(guests, 'guest')} on ${words.host}: ${priceText(changes)}.`;
  return `${[
    head,
    ...(changes.length === 0 ? [] : ['', ...changeLines(changes), '', ...scoreLines(plan)]),
    ...(words.newcomer === null
      ? []
      : [
          '',
          `${words.newcomer.vm} ${changes.length === 0 ? 'fits' : 'then fits'} on cell ${words.newcomer.cells}.`,
        ]),
    ...fixedLines(words.fixed),
  ].join('\n')}\n`;
}

/** `4.5 GiB of memory are copied, about 5 s`. */
export function priceText(changes: readonly Change[]): string {
  const { movedMiB, seconds } = priceOf(changes);
  const time = `about ${Math.max(1, Math.ceil(seconds))} s`;
  return movedMiB === 0
    ? `no memory is copied, ${time}`
    : `${gib(movedMiB)} GiB of memory are copied, ${time}`;
}

/** GiB with one digit behind the point, two below one. */
export function gib(mib: number): string {
  return (mib / 1024).toFixed(mib < 1024 ? 2 : 1);
}

function changeLines(changes: readonly Change[]): string[] {
  const rows = changes.map((change, index) => [`${index + 1}`, change.vm, ...changeWords(change)]);
  const widths = [0, 1, 2].map(column => Math.max(...rows.map(row => row[column]!.length)));
  return rows.map(([number, vm, what, price]) =>
    `  ${number!.padStart(widths[0]!)}  ${vm!.padEnd(widths[1]!)}  ${what!.padEnd(widths[2]!)}  ${price!}`.trimEnd(),
  );
}

function changeWords({ change, from, to, costMiB }: Change): readonly [string, string] {
  const price = costMiB === 0 ? '' : `${gib(costMiB)} GiB, about ${Math.max(1, Math.ceil(costMiB / 1024))} s`;
  const sides = (left: string, right: string) => `${left || 'none'} → ${right}`;
  if (change === 'move-memory')
    return [from === '' ? `strayed memory → cell ${to}` : `memory, cell ${sides(from, to)}`, price];
  const [left, right] = [cpusNamed(from), cpusNamed(to)];
  const who = { 'repin-vcpu': 'vCPUs', 'repin-emulator': 'emulator', 'repin-iothread': 'iothreads' }[
    change as string
  ];
  return [`${who ?? change}, CPU ${sides(left, right)}`, price];
}

function scoreLines({ before, after }: Plan): string[] {
  const rows = PARTS.flatMap(([part, name]) => {
    const sides = [before[part] ?? 0, after[part] ?? 0] as const;
    const always = part === 'largestHole' || part === 'remoteMemoryMiB';
    return always || sides[0] !== sides[1] ? [[name, ...sides] as const] : [];
  });
  const line = (name: string, left: string | number, right: string | number) =>
    `  ${name.padEnd(22)}  ${`${left}`.padStart(8)}  ${`${right}`.padStart(8)}`;
  return [line('', 'before', 'after'), ...rows.map(row => line(...row))];
}

function fixedLines(fixed: PlanWords['fixed']): string[] {
  if (fixed.length === 0) return [];
  const named = fixed.slice(0, MOST_NAMED).map(({ vm, reason }) => `  ${vm}: ${reason}`);
  const more = fixed.length > MOST_NAMED ? [`  and ${fixed.length - MOST_NAMED} more`] : [];
  return ['', 'Left where they are:', ...named, ...more];
}
