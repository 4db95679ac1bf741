import type { Colors } from '../render/paint.ts';
import { wrapText } from '../render/wrap-text.ts';
import type { ProxmoxStep, ProxmoxTask } from './proxmox-node.ts';

/** Columns of a log line, which stands behind the name of its phase. */
const LOG_COLUMNS = 52;

/** Tasks of Proxmox VE as their log tells them, phase by phase. */
export function proxmoxLines(tasks: readonly ProxmoxTask[], colors: Colors): string[] {
  return tasks.flatMap(task => {
    const mark = task.error === null ? colors.green('✓') : colors.red('✗');
    const what = task.command.startsWith('qm start')
      ? `${task.guest.name}: ${task.guest.wish}`
      : `${task.guest.name} is stopped; what it held is free`;
    return [
      `  ${mark} ${task.command}  ${what}`,
      ...task.steps.flatMap(step => stepLines(step, colors)),
      ...(task.error === null ? [] : [`    ${colors.red(task.error)}`]),
    ];
  });
}

function stepLines({ what, lines, milliseconds }: ProxmoxStep, colors: Colors): string[] {
  const said = lines.flatMap(line => {
    const [first = '', ...rest] = wrapText(line, LOG_COLUMNS);
    return [first, ...rest.map(part => `  ${part}`)];
  });
  const time = colors.dim(`${milliseconds} ms`.padStart(7));
  const [first = '(no message)', ...rest] = said;
  return [`      ${what.padEnd(10)} ${time}  ${first}`, ...rest.map(line => `${' '.repeat(26)}${line}`)];
}
