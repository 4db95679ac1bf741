import type { PlacementRequest } from '../../domain/placement-request.ts';
import { readRequest } from './read-request.ts';

const GUEST: PlacementRequest = {
  kind: 'pinfold/request',
  version: 1,
  vm: '100',
  vcpus: 2,
  maxVcpus: 8,
  memoryMiB: 4096,
  carrier: 'proxmox',
  extraSpecs: { 'hw:cpu_policy': 'dedicated' },
};

function specOf(changes: Partial<PlacementRequest>) {
  const read = readRequest({ ...GUEST, ...changes });
  if (!read.ok) throw new Error(read.error.summary);
  return read.spec;
}

describe('pinfold:reserve_hotplug', () => {
  const reserving = { 'hw:cpu_policy': 'dedicated', 'pinfold:reserve_hotplug': 'true' };

  test('a guest that starts with 2 of 8 vCPUs is placed with 2', () => {
    expect(specOf({})).toMatchObject({ vcpus: 2 });
    expect(specOf({}).cells[0]!.vcpus.toString()).toBe('0-1');
    expect(specOf({ extraSpecs: { ...reserving, 'pinfold:reserve_hotplug': 'no' } }).vcpus).toBe(2);
  });

  test('on Proxmox VE it places all 8 that may be plugged in', () => {
    const spec = specOf({ extraSpecs: reserving });
    expect(spec.vcpus).toBe(8);
    expect(spec.cells[0]!.dedicated.toString()).toBe('0-7');
  });

  test('on libvirt it is ignored, and a note says so', () => {
    const spec = specOf({ extraSpecs: reserving, carrier: 'libvirt' });
    expect(spec.vcpus).toBe(2);
    expect(spec.notes).toEqual([
      'pinfold:reserve_hotplug was ignored: only Proxmox VE starts a guest with fewer vCPUs than it may have.',
    ]);
  });

  test('a word that is neither yes nor no is an error', () => {
    const read = readRequest({ ...GUEST, extraSpecs: { 'pinfold:reserve_hotplug': 'later' } });
    expect(read).toMatchObject({
      ok: false,
      error: { code: 'pinfold-value-invalid', option: 'pinfold:reserve_hotplug' },
    });
  });
});
