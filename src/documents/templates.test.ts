import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_POLICY } from '../domain/host-policy.ts';
import { DEFAULT_NODE_POLICY } from '../domain/node-policy.ts';
import { carrierLimits } from '../engine/request/carrier-limits.ts';
import { readRequest } from '../engine/request/read-request.ts';
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

describe('the templates for Proxmox VE', () => {
  const proxmox = (name: string) => readFileSync(join(__dirname, '../../templates/proxmox', name), 'utf8');

  test('policy.yaml names every key, and what is commented out is the default', () => {
    const text = proxmox('policy.yaml');
    expect(readNodePolicy(text, 'policy.yaml')).toMatchObject({ on_refusal: 'float', strategy: 'pack' });
    const silent = readNodePolicy(
      text.replace(/^[^#\n].*$/gm, '').replace(/^#(?=[a-z_]+:)/gm, ''),
      'policy.yaml',
    );
    expect(DEFAULT_NODE_POLICY).toMatchObject(silent);
    const keys = [...text.matchAll(/^#?([a-z_]+):/gm)].map(([, key]) => key);
    expect(keys.sort()).toEqual(Object.keys(DEFAULT_NODE_POLICY).sort());
  });

  test('profiles.yaml holds profiles that show every key, each of which can be placed', () => {
    const profiles = readProfiles(proxmox('profiles.yaml'), 'profiles.yaml');
    expect(Object.keys(profiles)).toEqual(['database', 'latency', 'near']);
    expect(Object.keys(profiles['database']!).sort()).toEqual([
      'extra_specs',
      'on_refusal',
      'requeue',
      'tenant_may',
    ]);
    for (const [vm, { extra_specs: extraSpecs }] of Object.entries(profiles)) {
      const read = readRequest({
        kind: 'pinfold/request',
        version: 1,
        vm,
        vcpus: 4,
        memoryMiB: 4096,
        carrier: 'proxmox',
        extraSpecs,
      });
      expect(read.ok && read.spec.wantsPlacement && carrierLimits(read.spec)).toEqual([]);
    }
  });
});
