import type { Claim } from '../domain/claim.ts';
import type { PlacementRequest } from '../domain/placement-request.ts';
import { hostOf } from '../machines/host-of.ts';
import { decide } from './decide.ts';
import { buildHostModel } from './host-model.ts';

/** One cell of four cores, 1 GiB, of which nothing lies in huge pages yet. */
const bare = {
  name: 'bare',
  sockets: 1,
  cellsPerSocket: 1,
  coresPerCell: 4,
  memoryMiBPerCell: 1024,
  pools: [
    { sizeKiB: 2048, total: 0 },
    { sizeKiB: 1048576, total: 0 },
  ],
};

function guest(carrier: 'proxmox' | 'libvirt', memoryMiB: number, pageSize: string): PlacementRequest {
  return {
    kind: 'pinfold/request',
    version: 1,
    vm: '100',
    vcpus: 1,
    memoryMiB,
    carrier,
    extraSpecs: { 'hw:cpu_policy': 'dedicated', 'hw:mem_page_size': pageSize },
  };
}

/** A start under way that was promised pages which the pool does not have yet. */
function promised(mib: number): Claim {
  const cell = { hostCell: 0, pcpus: '0', sharedVcpus: 0, memoryMiB: mib, pageSizeKiB: 2048, pages: mib / 2 };
  return { vm: '200', source: 'leased', owner: '1:1', expires: 1e10, cells: [cell] };
}

const fits = (request: PlacementRequest, claims: readonly Claim[] = [], policy = {}) =>
  decide(buildHostModel(hostOf(bare, policy, claims)), request).fits;

describe('huge pages on a machine whose pools are empty', () => {
  test('of 2 MiB are made of free memory where Proxmox VE starts the guest, and nowhere else', () => {
    expect(fits(guest('proxmox', 512, '2048'))).toBe(true);
    expect(fits(guest('proxmox', 512, 'large'))).toBe(true);
    expect(fits(guest('libvirt', 512, '2048'))).toBe(false);
  });

  test('are no more than there is memory', () => {
    expect(fits(guest('proxmox', 1024, '2048'))).toBe(true);
    expect(fits(guest('proxmox', 1026, '2048'))).toBe(false);
    expect(fits(guest('proxmox', 1024, '2048'), [], { reserved_host_memory_mb: 128 })).toBe(false);
  });

  test('of 1 GiB must be there', () => {
    expect(fits(guest('proxmox', 1024, '1048576'))).toBe(false);
  });

  test('are promised once: a start under way keeps its memory from the next', () => {
    expect(fits(guest('proxmox', 512, '2048'), [promised(512)])).toBe(true);
    expect(fits(guest('proxmox', 514, '2048'), [promised(512)])).toBe(false);
    expect(fits(guest('libvirt', 514, 'small'), [promised(512)])).toBe(false);
    expect(fits(guest('libvirt', 512, 'small'), [promised(512)])).toBe(true);
  });
});
