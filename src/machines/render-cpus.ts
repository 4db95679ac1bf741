import { CpuSet } from '../domain/cpu-set.ts';
import { kernelMask } from './kernel-text.ts';
import type { LaidCore, MachineLayout } from './machine-layout.ts';
import type { Machine } from './machine.ts';

const CPU = '/sys/devices/system/cpu';

/** The caches below the last level, private to a core: level, type and size as on current server cores. */
const PRIVATE_CACHES = [
  { level: 1, type: 'Data', size: '32K' },
  { level: 1, type: 'Instruction', size: '32K' },
  { level: 2, type: 'Unified', size: '1024K' },
] as const;

/** What the kernel shows of CPUs that are switched off: their `online` file, neither topology nor caches. */
export function renderCpus(machine: Machine, layout: MachineLayout): [string, string][] {
  const packages = packageSets(layout);
  return [
    ...cpuLists(layout),
    ...layout.cores.flatMap(core =>
      core.cpus.flatMap(cpu =>
        renderCpu({ machine, layout, core, cpu, package: packages.get(core.socket)! }),
      ),
    ),
    ...renderPmus(machine, layout),
  ];
}

interface CpuView {
  readonly machine: Machine;
  readonly layout: MachineLayout;
  readonly core: LaidCore;
  readonly cpu: number;
  /** The online CPUs of its package. */
  readonly package: CpuSet;
}

function packageSets(layout: MachineLayout): Map<number, CpuSet> {
  const cpus = new Map<number, number[]>();
  for (const core of layout.cores) {
    const list = cpus.get(core.socket) ?? [];
    list.push(...core.cpus);
    cpus.set(core.socket, list);
  }
  return new Map([...cpus].map(([socket, all]) => [socket, CpuSet.of(all).intersect(layout.online)]));
}

function cpuLists({ present, online, isolated, cores }: MachineLayout): [string, string][] {
  const smt = cores.some(core => core.cpus.filter(cpu => online.has(cpu)).length > 1);
  return [
    [`${CPU}/online`, `${online.toString()}\n`],
    [`${CPU}/offline`, `${present.minus(online).toString()}\n`],
    [`${CPU}/present`, `${present.toString()}\n`],
    [`${CPU}/possible`, `${present.toString()}\n`],
    [`${CPU}/isolated`, `${isolated.toString()}\n`],
    [`${CPU}/nohz_full`, '(null)\n'],
    [`${CPU}/kernel_max`, '8191\n'],
    [`${CPU}/smt/active`, smt ? '1\n' : '0\n'],
  ];
}

function renderCpu(view: CpuView): [string, string][] {
  const { cpu, layout } = view;
  // CPU 0 of an x86 machine cannot be switched off, so it has no such file.
  const switchable: [string, string][] =
    cpu === 0 && layout.online.has(0)
      ? []
      : [[`${CPU}/cpu${cpu}/online`, layout.online.has(cpu) ? '1\n' : '0\n']];
  if (!layout.online.has(cpu)) return switchable;
  return [...switchable, ...renderTopology(view), ...renderCaches(view), ...renderKind(view)];
}

function renderTopology({ cpu, core, layout, package: whole }: CpuView): [string, string][] {
  const folder = `${CPU}/cpu${cpu}/topology`;
  const siblings = CpuSet.of(core.cpus).intersect(layout.online);
  const sets = {
    thread_siblings: siblings,
    core_cpus: siblings,
    core_siblings: whole,
    package_cpus: whole,
    die_cpus: whole,
  };
  return [
    [`${folder}/core_id`, `${core.id}\n`],
    [`${folder}/physical_package_id`, `${core.socket}\n`],
    [`${folder}/die_id`, '0\n'],
    ...Object.entries(sets).flatMap(([name, cpus]): [string, string][] => [
      [`${folder}/${name}`, `${kernelMask(cpus)}\n`],
      [`${folder}/${name}_list`, `${cpus.toString()}\n`],
    ]),
  ];
}

function renderCaches({ cpu, core, layout }: CpuView): [string, string][] {
  const siblings = CpuSet.of(core.cpus);
  const last = layout.caches.findIndex(domain => domain.has(cpu));
  if (last < 0) return [];
  const caches = [
    ...PRIVATE_CACHES.map(cache => ({ ...cache, cpus: siblings, id: siblings.first! })),
    { level: 3, type: 'Unified', size: '32768K', cpus: layout.caches[last]!, id: last },
  ];
  return caches.flatMap(({ level, type, size, cpus, id }, index) => {
    const folder = `${CPU}/cpu${cpu}/cache/index${index}`;
    const shared = cpus.intersect(layout.online);
    const facts = {
      level,
      type,
      size,
      id,
      coherency_line_size: 64,
      shared_cpu_list: shared.toString(),
      shared_cpu_map: kernelMask(shared),
    };
    return Object.entries(facts).map(([name, value]): [string, string] => [
      `${folder}/${name}`,
      `${value}\n`,
    ]);
  });
}

/** Relative speeds as found on hybrid machines: `cpu_capacity` 1024 and 446 (Arm), `highest_perf` 68 and 45 (Intel). */
function renderKind({ machine, core, cpu }: CpuView): [string, string][] {
  const shownBy = machine.oddities?.efficiencyCores?.shownBy;
  if (shownBy === 'capacity') return [[`${CPU}/cpu${cpu}/cpu_capacity`, core.efficient ? '446\n' : '1024\n']];
  if (shownBy === 'cppc')
    return [[`${CPU}/cpu${cpu}/acpi_cppc/highest_perf`, core.efficient ? '45\n' : '68\n']];
  return [];
}

function renderPmus(machine: Machine, layout: MachineLayout): [string, string][] {
  if (machine.oddities?.efficiencyCores?.shownBy !== 'pmu') return [];
  const cpusOf = (efficient: boolean) =>
    CpuSet.of(layout.cores.filter(core => core.efficient === efficient).flatMap(core => core.cpus)).intersect(
      layout.online,
    );
  return [
    ['/sys/devices/cpu_core/cpus', `${cpusOf(false).toString()}\n`],
    ['/sys/devices/cpu_atom/cpus', `${cpusOf(true).toString()}\n`],
  ];
}
