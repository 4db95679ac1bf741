import { parseCpuList } from '../../domain/cpu-list.ts';
import type { Placement } from '../../domain/decision.ts';

/**
 * A placement in one line of the task log:
 * `VM 101 on cell 1: vCPUs 0-3 on CPUs 4,20,5,21; emulator on 0-1; memory from cell 1.` CPUs stand in the order of the vCPUs.
 */
export function describePlacement(vm: string, placement: Placement): string {
  const cells = [...new Set(placement.cells.map(({ hostCell }) => hostCell))];
  const where = placement.cells.map(cell => describeCell(cell.vcpus, placement)).filter(part => part !== '');
  const iothreads = [...new Set(Object.values(placement.iothreads))].filter(
    cpus => cpus !== placement.emulator.cpus,
  );
  const parts = [
    ...where,
    `emulator on ${placement.emulator.cpus}`,
    ...(iothreads.length === 0 ? [] : [`iothreads on ${iothreads.join(',')}`]),
    ...(placement.memoryMode === 'none' ? [] : [`memory from ${cellsInWords(placement.nodeset)}`]),
  ];
  return `VM ${vm} on ${cells.length === 1 ? 'cell' : 'cells'} ${cells.join(',')}: ${parts.join('; ')}.`;
}

function cellsInWords(nodeset: string): string {
  return parseCpuList(nodeset).size === 1 ? `cell ${nodeset}` : `cells ${nodeset}`;
}

function describeCell(vcpus: string, { pins }: Placement): string {
  const numbers = parseCpuList(vcpus).toArray();
  if (numbers.length === 0) return '';
  const sets = numbers.map(vcpu => pins[vcpu] ?? '');
  const cpus = new Set(sets).size === 1 ? sets[0]! : sets.join(',');
  return `${numbers.length === 1 ? 'vCPU' : 'vCPUs'} ${vcpus} on ${parseCpuList(cpus).size === 1 ? 'CPU' : 'CPUs'} ${cpus}`;
}
