import type { Edit } from '../xml/edits.ts';
import type { Fragment } from '../xml/fragment.ts';
import { spliceElement, type SpliceTask } from './splice-task.ts';

/** `<cputune>`: where each thread runs. An empty set leaves a thread without a pin. */
export function spliceCputune(task: SpliceTask): Edit[] {
  const { placement, options } = task;
  const emulator = options.atStart === true ? placement.emulator.atStart : placement.emulator.cpus;
  const put: Fragment[] = [
    ...pins('vcpupin', 'vcpu', placement.pins),
    ...(emulator === '' ? [] : [{ name: 'emulatorpin', attributes: { cpuset: emulator } }]),
    ...pins('iothreadpin', 'iothread', placement.iothreads),
  ];
  const { realtime } = placement;
  if (realtime !== null)
    put.push({
      name: 'vcpusched',
      attributes: { vcpus: realtime.vcpus, scheduler: realtime.scheduler, priority: realtime.priority },
    });
  return spliceElement(task, 'cputune', { own: ['vcpupin', 'emulatorpin', 'iothreadpin', 'vcpusched'], put });
}

function pins(name: string, attribute: string, sets: Readonly<Record<string, string>>): Fragment[] {
  return Object.entries(sets)
    .filter(([, cpuset]) => cpuset !== '')
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([id, cpuset]) => ({ name, attributes: { [attribute]: id, cpuset } }));
}
