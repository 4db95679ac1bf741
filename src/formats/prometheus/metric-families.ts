import type { CellMetrics, GuestMetrics, NodeMetrics } from '../../domain/node-metrics.ts';
import type { MetricFamily } from './print-families.ts';

const MIB = 1024 * 1024;

/** The metrics of a node, in the order in which they are printed; within each by cell, CPU, name or code. */
export function metricFamilies(metrics: NodeMetrics): readonly MetricFamily[] {
  return [
    ...cellFamilies(metrics.cells),
    ...poolFamilies(metrics),
    ...guestFamilies(metrics.guests),
    ...driftFamily(metrics),
    ...decisionFamilies(metrics.decisions),
  ];
}

function cellFamilies(cells: readonly CellMetrics[]): MetricFamily[] {
  const gauge = (
    name: string,
    help: string,
    valueOf: (cell: CellMetrics) => number | null,
  ): MetricFamily => ({
    name: `pinfold_cell_${name}`,
    help,
    type: 'gauge',
    samples: cells.flatMap(cell => {
      const value = valueOf(cell);
      return value === null ? [] : [{ labels: { cell: `${cell.hostCell}` }, value }];
    }),
  });
  const pool = (name: string, help: string, key: 'total' | 'available'): MetricFamily => ({
    name: `pinfold_cell_${name}`,
    help,
    type: 'gauge',
    samples: cells.flatMap(({ hostCell, pages }) =>
      pages.map(page => ({
        labels: { cell: `${hostCell}`, size_kib: `${page.sizeKiB}` },
        value: page[key],
      })),
    ),
  });
  return [
    gauge('dedicated_cpus', 'CPUs for dedicated use.', cell => cell.dedicatedCpus),
    gauge(
      'dedicated_cpus_free',
      'CPUs for dedicated use that no guest holds.',
      cell => cell.freeDedicatedCpus,
    ),
    gauge('hole_cpus', 'CPUs for dedicated use on cores that are free as a whole.', cell => cell.holeCpus),
    gauge(
      'shared_slots',
      'Shared vCPUs at the allocation ratio on the CPUs free for them.',
      cell => cell.sharedSlots,
    ),
    gauge('shared_vcpus', 'Shared vCPUs of guests.', cell => cell.sharedVcpus),
    gauge('memory_bytes', 'Memory.', cell => (cell.memoryMiB === null ? null : cell.memoryMiB * MIB)),
    gauge('memory_claimed_bytes', 'Memory of guests.', cell => cell.claimedMiB * MIB),
    pool('pages', 'Pages by size, without reserved ones.', 'total'),
    pool('pages_available', 'Pages by size that a new guest can have.', 'available'),
  ];
}

function poolFamilies({ poolCpus, poolRatio }: NodeMetrics): MetricFamily[] {
  return [
    {
      name: 'pinfold_pool_cpu_guests',
      help: 'Guests whose emulator threads a pool CPU carries.',
      type: 'gauge',
      samples: poolCpus.map(({ cpu, guests }) => ({ labels: { cpu: `${cpu}` }, value: guests })),
    },
    {
      name: 'pinfold_pool_cpu_guests_limit',
      help: 'Guests that one pool CPU may carry (emulator_overcommit_ratio).',
      type: 'gauge',
      samples: [{ value: poolRatio }],
    },
  ];
}

function guestFamilies(guests: readonly GuestMetrics[]): MetricFamily[] {
  const gauge = (
    name: string,
    help: string,
    valueOf: (guest: GuestMetrics) => number | null,
  ): MetricFamily => ({
    name: `pinfold_guest_${name}`,
    help,
    type: 'gauge',
    samples: guests.flatMap(guest => {
      const value = valueOf(guest);
      return value === null ? [] : [{ labels: { vm: guest.vm }, value }];
    }),
  });
  return [
    {
      name: 'pinfold_guests',
      help: 'Guests by what their claim is: observed (running) or leased (being started).',
      type: 'gauge',
      samples: (['observed', 'leased'] as const).map(source => ({
        labels: { source },
        value: guests.filter(guest => guest.source === source).length,
      })),
    },
    gauge(
      'dedicated_cpus',
      'CPUs that vCPUs and iothreads of the guest have alone.',
      guest => guest.dedicated,
    ),
    gauge(
      'shared_cpus',
      'Shared vCPUs of the guest, divided by the allocation ratio.',
      guest => guest.shared,
    ),
    gauge('emulator_cpus', 'Part of a pool CPU that the guest is billed for.', guest => guest.emulator),
    gauge('memory_bytes', 'Memory that the guest claims.', guest => guest.memoryMiB * MIB),
    gauge(
      'remote_memory_ratio',
      'Part of the resident memory that lies on other cells than decided.',
      guest => guest.remoteMemory,
    ),
  ];
}

function driftFamily({ drift }: NodeMetrics): MetricFamily[] {
  return [
    {
      name: 'pinfold_drift',
      help: 'Things that are not as they were decided, by code, as reconcile names them.',
      type: 'gauge',
      samples: Object.entries(drift ?? {}).map(([code, value]) => ({ labels: { code }, value })),
    },
  ];
}

function decisionFamilies(decisions: NodeMetrics['decisions']): MetricFamily[] {
  const { placed, floated, refused, refusals, seconds } = decisions;
  const reasons = Object.entries(refusals).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    {
      name: 'pinfold_starts_total',
      help: 'Starts by what became of them, since the ledger was begun.',
      type: 'counter',
      samples: Object.entries({ placed, floated, refused }).map(([outcome, value]) => ({
        labels: { outcome },
        value,
      })),
    },
    {
      name: 'pinfold_refusals_total',
      help: 'Starts that did not fit, refused or let float, by reason.',
      type: 'counter',
      samples: reasons.map(([reason, value]) => ({ labels: { reason }, value })),
    },
    {
      name: 'pinfold_decision_seconds',
      help: 'Time from the observation of the node to the decision, under its lock.',
      type: 'summary',
      samples: [
        { part: '_sum', value: seconds },
        { part: '_count', value: placed + floated + refused },
      ],
    },
  ];
}
