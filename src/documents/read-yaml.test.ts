import { AppError } from '../domain/app-error.ts';
import { readNodePolicy } from './parse-node-policy.ts';
import { readProfiles } from './parse-profiles.ts';

function message(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof AppError) return error.message;
    throw error;
  }
  throw new Error('was accepted');
}

describe('policy.yaml', () => {
  test('is read whole', () => {
    const text =
      'cpu_dedicated_set: "2-63"\ncpu_shared_set: 0\nemulator_overcommit_ratio: 8\nstrategy: pack\nexclusivity: fence\ntrust_tags: any\non_refusal: float\ntag_prefix: cell-\n';
    expect(readNodePolicy(text, 'policy.yaml')).toEqual({
      cpu_dedicated_set: '2-63',
      cpu_shared_set: '0',
      emulator_overcommit_ratio: 8,
      strategy: 'pack',
      exclusivity: 'fence',
      trust_tags: 'any',
      on_refusal: 'float',
      tag_prefix: 'cell-',
    });
  });

  test('may be empty', () => {
    expect(readNodePolicy('# nothing yet\n', 'policy.yaml')).toEqual({});
  });

  test.each([
    [
      'cpu_shared_set: "0"\n\ncpu_dedicatedset: "1"\n',
      /^\/etc\/policy\.yaml, line 3, has the unknown key "cpu_dedicatedset"; .*"cpu_dedicated_set"\.$/,
    ],
    [
      'strategy: tight\n',
      /^In \/etc\/policy\.yaml, line 1, strategy is "tight" and must be "pack" or "spread"\.$/,
    ],
    ['a: 1\na: 2\n', /^\/etc\/policy\.yaml is no valid YAML in line 2: duplicated mapping key\.$/],
    ['a: [\n', /is no valid YAML in line 2/],
    ['- a\n', /^\/etc\/policy\.yaml is a list and must be a map of policy keys\.$/],
    ['a: !!js/function "x"\n', /is no valid YAML in line 1/],
    ['['.repeat(1e5), /is (no valid YAML|nested)/],
  ])('%j is refused with the line', (text, sentence) => {
    expect(message(() => readNodePolicy(text, '/etc/policy.yaml'))).toMatch(sentence);
  });
});

describe('profiles.yaml', () => {
  const TEXT = `database:
  extra_specs: { "hw:cpu_policy": dedicated, "hw:numa_nodes": 2, "hw:cpu_realtime": true }
  tenant_may: [ hw_numa_nodes, hw_numa_cpus ]
  on_refusal: float
web:
  requeue: true
`;

  test('is read with options as texts and defaults filled in', () => {
    expect(readProfiles(TEXT, 'profiles.yaml')).toEqual({
      database: {
        extra_specs: { 'hw:cpu_policy': 'dedicated', 'hw:numa_nodes': '2', 'hw:cpu_realtime': 'true' },
        tenant_may: ['hw_numa_nodes', 'hw_numa_cpus'],
        on_refusal: 'float',
        requeue: false,
      },
      web: { extra_specs: {}, tenant_may: [], requeue: true },
    });
  });

  test.each([
    [
      TEXT.replace('requeue: true', 'requeue: maybe'),
      /^In profiles\.yaml, line 6, web\.requeue is "maybe" and must be true or false\.$/,
    ],
    [
      TEXT.replace('tenant_may', 'tenants_may'),
      /^In profiles\.yaml, line 3, database has the unknown key "tenants_may"; .*"tenant_may"\.$/,
    ],
    ['db: { on_refusals: strict }\n', /^In profiles\.yaml, line 1, db has the unknown key "on_refusals"/],
    ['db: [1]\n', /^In profiles\.yaml, line 1, db is a list and must be a profile: /],
  ])('%# is refused with the line', (text, sentence) => {
    expect(message(() => readProfiles(text, 'profiles.yaml'))).toMatch(sentence);
  });
});
