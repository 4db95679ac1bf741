import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_POLICY } from '../domain/host-policy.ts';
import { DEFAULT_NODE_POLICY } from '../domain/node-policy.ts';
import { readNodePolicy } from './parse-node-policy.ts';
import { readProfiles } from './parse-profiles.ts';

const template = (name: string) => readFileSync(join(__dirname, '../../templates/opennebula', name), 'utf8');

describe('the templates for OpenNebula', () => {
  test('policy.yaml is a valid policy', () => {
    expect(readNodePolicy(template('policy.yaml'), 'policy.yaml')).toMatchObject({ on_refusal: 'strict' });
  });

  test('policy.yaml names every key of a placement, and what is commented out is the default', () => {
    const text = template('policy.yaml');
    const silent = readNodePolicy(
      text.replace(/^[^#\n].*$/gm, '').replace(/^#(?=[a-z_]+:)/gm, ''),
      'policy.yaml',
    );
    expect(DEFAULT_NODE_POLICY).toMatchObject(silent);
    const keys = [...text.matchAll(/^#?([a-z_]+):/gm)].map(([, key]) => key);
    expect(keys.sort()).toEqual([...Object.keys(DEFAULT_POLICY), 'on_refusal'].sort());
  });

  test('profiles.yaml holds valid profiles', () => {
    const profiles = readProfiles(template('profiles.yaml'), 'profiles.yaml');
    expect(Object.keys(profiles)).toEqual(['database', 'latency', 'near']);
  });
});
