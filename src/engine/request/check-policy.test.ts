import type { HostPolicy } from '../../domain/host-policy.ts';
import { POLICY_ERROR_CODES } from '../../domain/request-error-codes.ts';
import { hostOf } from '../../machines/host-of.ts';
import { NAMED_MACHINES } from '../../machines/named-machines.ts';
import { checkPolicy } from './check-policy.ts';
import { parseReservedPages } from './reserved-pages.ts';

/** On a machine with the CPUs 0-31. */
const faultsOf = (policy: HostPolicy) => checkPolicy(hostOf(NAMED_MACHINES['dual-socket-smt'], policy));

describe('a sound policy', () => {
  test.each<HostPolicy>([
    {},
    { cpu_dedicated_set: '2-31,^9', cpu_shared_set: '0-1' },
    { vcpu_pin_set: '1-7', cpu_shared_set: '0-3' },
    { emulator_pin_set: '0', emulator_overcommit_ratio: 1.5 },
    {
      reserved_huge_pages: ['node:0,size:2048,count:64', 'count:1, size:1GB, node:9'],
      reserved_host_memory_mb: 512,
    },
  ])('%j has no faults', policy => {
    expect(faultsOf(policy)).toEqual([]);
  });
});

describe('a faulty policy', () => {
  test.each<readonly [HostPolicy, string, RegExp]>([
    [{ cpu_dedicated_set: 'x' }, 'policy-cpu-set-invalid', /cpu_dedicated_set .*"x"/],
    [{ cpu_shared_set: '^0' }, 'policy-cpu-set-empty', /cpu_shared_set="\^0" names no CPU/],
    [
      { cpu_dedicated_set: '0-7', cpu_shared_set: '6-9' },
      'policy-sets-overlap',
      /cpu_dedicated_set and cpu_shared_set both name the CPUs 6-7/,
    ],
    [
      { cpu_dedicated_set: '0-7', emulator_pin_set: '7' },
      'policy-sets-overlap',
      /emulator_pin_set and cpu_dedicated_set .* 7:/,
    ],
    [
      { cpu_shared_set: '0-7', emulator_pin_set: '7' },
      'policy-sets-overlap',
      /emulator_pin_set and cpu_shared_set/,
    ],
    [
      { vcpu_pin_set: '0-7', emulator_pin_set: '7' },
      'policy-sets-overlap',
      /emulator_pin_set and vcpu_pin_set/,
    ],
    [
      { cpu_dedicated_set: '0-1', vcpu_pin_set: '2-3' },
      'policy-sets-exclude-each-other',
      /remove vcpu_pin_set/,
    ],
    [{ cpu_dedicated_set: '30-33' }, 'policy-cpus-offline', /cpu_dedicated_set names the CPUs 32-33, .*0-31/],
    [{ emulator_pin_set: '64' }, 'policy-cpus-offline', /emulator_pin_set names the CPUs 64/],
    [
      { emulator_overcommit_ratio: 0.5 },
      'policy-ratio-invalid',
      /emulator_overcommit_ratio=0.5 must be a number from 1 on/,
    ],
    [{ emulator_overcommit_ratio: Number.NaN }, 'policy-ratio-invalid', /NaN/],
    [{ cpu_allocation_ratio: 0 }, 'policy-ratio-invalid', /cpu_allocation_ratio=0/],
    [{ ram_allocation_ratio: -1 }, 'policy-ratio-invalid', /ram_allocation_ratio=-1/],
    [{ reserved_host_memory_mb: -1 }, 'policy-reservation-invalid', /reserved_host_memory_mb=-1/],
    [{ overhead_mb_per_guest: -1 }, 'policy-reservation-invalid', /overhead_mb_per_guest=-1/],
    [{ reserved_huge_pages: ['node:0,size:2048'] }, 'policy-reserved-pages-invalid', /"node:0,size:2048"/],
  ])('%j: %s', (policy, code, sentence) => {
    const faults = faultsOf(policy);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatchObject({ code, summary: expect.stringMatching(sentence) as string });
    expect(POLICY_ERROR_CODES).toContain(code);
  });

  test('gets all its faults told, the unreadable first', () => {
    const codes = faultsOf({
      emulator_overcommit_ratio: 0,
      cpu_dedicated_set: '99',
      cpu_shared_set: '1-',
    }).map(({ code }) => code);
    expect(codes).toEqual(['policy-cpu-set-invalid', 'policy-cpus-offline', 'policy-ratio-invalid']);
  });
});

test.each([
  ['node:1,size:2MB,count:3', { node: 1, sizeKiB: 2048, count: 3 }],
  ['size:4,count:0,node:0', { node: 0, sizeKiB: 4, count: 0 }],
  ['node:x,size:2048,count:1', undefined],
  ['node:0,node:1,size:4,count:1', undefined],
  ['node:0,size:0,count:1', undefined],
  ['node:0,size:4,count:-1', undefined],
  ['node:0,size:4,count:1,more:2', undefined],
  ['', undefined],
])('reserved pages %j are %j', (entry, expected) => {
  expect(parseReservedPages(entry)).toEqual(expected);
});
