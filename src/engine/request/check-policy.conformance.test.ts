import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostPolicy } from '../../domain/host-policy.ts';
import { hostOf } from '../../machines/host-of.ts';
import { checkPolicy } from './check-policy.ts';

interface Vector {
  readonly id: string;
  readonly conf: {
    readonly dedicated?: string;
    readonly shared?: string;
    readonly vcpu_pin_set?: string;
    readonly reserved_huge?: readonly string[];
  };
  readonly expect: { readonly error?: string };
}

const SHARED = process.env['PINFOLD_SHARED'] ?? join(process.cwd(), '..', 'shared');
const vectors = JSON.parse(
  readFileSync(join(SHARED, 'vectors', 'nova', 'vectors-hostconf.json'), 'utf8'),
) as readonly Vector[];

const CODES: Record<string, readonly string[]> = {
  Invalid: ['policy-cpu-set-invalid', 'policy-cpu-set-empty', 'policy-cpus-offline'],
  InvalidConfiguration: ['policy-sets-overlap', 'policy-sets-exclude-each-other'],
  InvalidReservedMemoryPagesOption: ['policy-reserved-pages-invalid'],
};

/** The vectors' host: 2 cells of 4 cores with 2 threads, siblings c and c+8. */
function hostWith(policy: HostPolicy) {
  return hostOf(
    {
      name: 'vectors',
      sockets: 2,
      cellsPerSocket: 1,
      coresPerCell: 4,
      threadsPerCore: 2,
      memoryMiBPerCell: 8192,
    },
    policy,
  );
}

describe("Nova's host configuration vectors", () => {
  test.each(vectors.map(vector => [vector.id, vector] as const))(
    '%s is judged as Nova judges it',
    (_, { conf, expect: expected }) => {
      const [first] = checkPolicy(
        hostWith({
          cpu_dedicated_set: conf.dedicated ?? '',
          cpu_shared_set: conf.shared ?? '',
          vcpu_pin_set: conf.vcpu_pin_set ?? '',
          reserved_huge_pages: conf.reserved_huge ?? [],
        }),
      );
      if (expected.error === undefined) expect(first).toBeUndefined();
      else expect(CODES[expected.error]).toContain(first?.code);
    },
  );
});
