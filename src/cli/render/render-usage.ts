import { counted } from '../../domain/counted.ts';
import type { Usage } from '../../engine/usage.ts';

/** Usage as text: one line for the node, a table of its cells, a table of its guests with what each costs in CPUs. */
export function renderUsage(usage: Usage): string {
  const { capacity, used } = usage;
  const cells = usage.cells.map(cell => [
    `${cell.hostCell}`,
    `${cell.dedicatedCpus - cell.freeDedicatedCpus} of ${cell.dedicatedCpus}`,
    `${cell.sharedVcpus}`,
    `${gib(cell.claimedMiB)} of ${cell.memoryMiB === null ? '?' : gib(cell.memoryMiB)}`,
  ]);
  const guests = usage.guests.map(({ vm, cpus, memoryMiB, cost }) => [
    vm,
    cpus === '' ? '-' : cpus,
    gib(memoryMiB),
    ...[cost.dedicated, cost.shared, cost.emulator, cost.total].map(costText),
  ]);
  return [
    `${used.dedicatedCpus} of ${counted(capacity.dedicatedCpus, 'dedicated CPU')} in use, ` +
      `${used.sharedVcpus} of ${counted(capacity.sharedVcpus, 'shared vCPU')}, ` +
      `${gib(used.memoryMiB)} of ${gib(capacity.memoryMiB)} GiB` +
      `${used.poolCpus === '' ? '' : `, emulator pool on ${used.poolCpus}`}; ` +
      `${counted(guests.length, 'guest')} for ${costText(usage.cost)} CPUs.`,
    '',
    ...table([['cell', 'dedicated CPUs', 'shared vCPUs', 'GiB'], ...cells]),
    ...(guests.length === 0
      ? []
      : [
          '',
          ...table([['guest', 'CPUs held', 'GiB', 'dedicated', 'shared', 'emulator', 'cost'], ...guests]),
        ]),
    '',
  ].join('\n');
}

function gib(mib: number): string {
  return `${Math.round((mib / 1024) * 10) / 10}`;
}

/** CPUs to the thousandth: a tenth of a pool CPU is a whole bill a month. */
function costText(cpus: number): string {
  return `${Math.round(cpus * 1000) / 1000}`;
}

/** Columns two blanks apart; the first to the left, the others to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)));
  return rows.map(row =>
    row
      .map((text, column) => (column === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[column]!)))
      .join('  '),
  );
}
