import type { Claim } from '../domain/claim.ts';
import { emptyLedger, type LedgerEntry } from '../domain/ledger.ts';
import type { QemuProcess } from '../formats/proc/qemu-processes.ts';
import { collectGarbage, type Running } from './collect-garbage.ts';

const claim: Claim = { vm: 'one-7', source: 'observed', cells: [], devices: ['0000:21:00.0'] };
const running = (over: Partial<Running> = {}): Running => ({
  boot: 'b1',
  nowSeconds: 1000,
  qemus: [],
  isAlive: () => false,
  isLaunching: () => false,
  ...over,
});
const observed: LedgerEntry = {
  vm: 'one-7',
  claim,
  process: '30:300',
  marker: null,
  placement: null,
  foreign: null,
};
const lease: LedgerEntry = {
  ...observed,
  process: null,
  marker: '/vms/7/deployment.0',
  claim: { ...claim, source: 'leased', owner: '20:200', expires: 1600 },
};
const qemu: QemuProcess = { pid: 30, process: '30:300', name: 'one-7', uuid: null, vcpus: 1 };
const ledgerOf = (...entries: LedgerEntry[]) => ({ ...emptyLedger('b1'), entries });
const kept = (entry: LedgerEntry, over: Partial<Running>) =>
  collectGarbage(ledgerOf(entry), running(over)).ledger.entries;

describe('a claim', () => {
  test('stays while exactly its process runs', () => {
    expect(kept(observed, { isAlive: process => process === '30:300' })).toEqual([observed]);
    expect(kept(observed, { isAlive: process => process === '30:301' })).toEqual([]);
  });

  test('of an earlier boot is garbage, even where pid and start time come again', () => {
    expect(kept(observed, { boot: 'b2', isAlive: () => true })).toEqual([]);
  });
});

describe('a lease', () => {
  test('stays while its owner runs, until it expires', () => {
    const ownerRuns = { isAlive: (process: string) => process === '20:200' };
    expect(kept(lease, ownerRuns)).toEqual([lease]);
    expect(kept(lease, { ...ownerRuns, nowSeconds: 1600 })).toEqual([]);
  });

  test('of a killed hook is garbage at once', () => {
    expect(kept(lease, {})).toEqual([]);
  });

  test('of a killed hook stays while the script that it started still works on the launch', () => {
    const scriptRuns = { isLaunching: (marker: string) => marker === '/vms/7/deployment.0' };
    expect(kept(lease, scriptRuns)).toEqual([lease]);
    expect(kept(lease, { ...scriptRuns, nowSeconds: 1600 })).toEqual([]);
  });

  test('of a killed hook becomes the claim of the QEMU that came up all the same', () => {
    expect(kept(lease, { qemus: [qemu] })).toEqual([
      { ...observed, claim: { vm: 'one-7', source: 'observed', cells: [], devices: ['0000:21:00.0'] } },
    ]);
  });

  test('explains its QEMU while the owner is about to confirm it', () => {
    const seen = collectGarbage(
      ledgerOf(lease),
      running({ qemus: [qemu], isAlive: process => process === '20:200' }),
    );
    expect(seen.ledger.entries).toEqual([lease]);
    expect(seen.unexplained).toEqual([]);
  });
});

test('a QEMU that no entry explains is named, also one that took the name of a guest that ended', () => {
  expect(collectGarbage(ledgerOf(), running({ qemus: [qemu] })).unexplained).toEqual([qemu]);
  const reborn = { ...qemu, pid: 31, process: '31:310' };
  const seen = collectGarbage(
    ledgerOf(observed),
    running({ qemus: [reborn], isAlive: process => process === '31:310' }),
  );
  expect(seen.ledger.entries).toEqual([]);
  expect(seen.unexplained).toEqual([reborn]);
});
