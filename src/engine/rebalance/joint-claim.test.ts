import type { Claim, ClaimCell } from '../../domain/claim.ts';
import { hostOf } from '../../machines/host-of.ts';
import { namedMachine } from '../../machines/named-machines.ts';
import { buildHostModel } from '../host-model.ts';
import { jointClaim } from './joint-claim.ts';

const model = buildHostModel(hostOf(namedMachine('dual-socket-smt')));
const cell = (change: Partial<ClaimCell>): ClaimCell => ({
  hostCell: 0,
  pcpus: '',
  sharedVcpus: 0,
  memoryMiB: 512,
  pageSizeKiB: null,
  pages: 131072,
  ...change,
});
const claim = (cells: readonly ClaimCell[], emulator = ''): Claim => ({
  vm: 'g',
  source: 'observed',
  cells,
  emulator: { policy: 'isolate', cpus: emulator, share: 1 },
});

test('a guest that goes to another cell of dual-socket-smt holds CPUs and memory on both', () => {
  const from = claim([cell({ pcpus: '0-2' })], '2');
  const to = claim([cell({ hostCell: 1, pcpus: '8-10' })], '10');
  const joint = jointClaim(model, { from, to, spare: 12 });
  expect(joint.cells).toEqual([cell({ hostCell: 1, pcpus: '8-10,12' }), cell({ pcpus: '0-2' })]);
  expect(joint.emulator?.cpus).toBe('2,10');
});

test('a guest that stays on its cell needs its memory once, and keeps nothing idle for the moment', () => {
  const from = claim([cell({ pcpus: '0,16', burnt: '16' })], '0');
  const to = claim([cell({ pcpus: '1,17', burnt: '17' })], '1');
  const joint = jointClaim(model, { from, to, spare: null });
  expect(joint.cells).toEqual([cell({ pcpus: '0-1,16-17' })]);
});
