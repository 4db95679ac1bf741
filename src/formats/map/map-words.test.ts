import fc from 'fast-check';
import { parseCpuList } from '../../domain/cpu-list.ts';
import { CpuSet } from '../../domain/cpu-set.ts';
import { hostOf } from '../../machines/host-of.ts';
import { namedMachine } from '../../machines/named-machines.ts';
import { cpuMarks } from './cpu-marks.ts';
import { lettersOf } from './describe-map.ts';
import { lettersFor } from './map-letters.ts';
import type { MapModel } from './map-model.ts';
import { mapModelOfHost } from './model-of-host.ts';
import { shortList } from './short-list.ts';
import { columnsOf, visibleName } from './visible-name.ts';
import { wrapAnywhere, wrapList } from './wrap-columns.ts';

describe('letters', () => {
  const names = Array.from({ length: 60 }, (_, index) => `g${index}`);

  test('differ, with their small forms, until there is none left', () => {
    const letters = [...lettersFor(names).values()].filter(letter => letter !== '#');
    expect(letters).toHaveLength(47);
    expect(new Set([...letters, ...letters.map(letter => letter.toLowerCase())]).size).toBe(94);
  });

  test('stay with their guests when others come and go', () => {
    const before = lettersFor(['a', 'b', 'c']);
    const after = lettersFor(['new', 'c', 'b'], before);
    expect([...after]).toEqual([
      ['new', 'A'],
      ['c', 'C'],
      ['b', 'B'],
    ]);
  });

  test('go to guests with CPUs of their own first', () => {
    const cell = { hostCell: 0, pcpus: '', sharedVcpus: 0, memoryMiB: 0, pageSizeKiB: null, pages: 0 };
    const claims = [
      { vm: 'floats', source: 'observed' as const, cells: [{ ...cell, sharedVcpus: 2 }] },
      { vm: 'owns', source: 'observed' as const, cells: [{ ...cell, pcpus: '3' }] },
    ];
    const model = mapModelOfHost(hostOf(namedMachine('laptop-1c'), {}, claims));
    expect(lettersOf(model).get('owns')).toBe('A');
  });
});

describe('lists of CPUs', () => {
  test('tell equal distances by their first two and last numbers', () => {
    expect(shortList(parseCpuList('0,2,4,6,8'))).toBe('0,2,…,8');
    expect(shortList(parseCpuList('0,2,4'))).toBe('0,2,4');
    expect(shortList(parseCpuList('0-3,8,10,12,14,16-17'))).toBe('0-3,8,10,…,14,16-17');
    expect(shortList(CpuSet.EMPTY)).toBe('');
  });

  test('are cut behind commas and lose nothing', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(2000), { maxLength: 80 }),
        fc.integer({ min: 10, max: 60 }),
        (cpus, width) => {
          const text = CpuSet.of(cpus).toString();
          const lines = wrapList(text, width);
          expect(lines.join('')).toBe(text);
          expect(lines.filter(line => line.length > width)).toEqual([]);
        },
      ),
    );
  });
});

describe('names', () => {
  test('show every character, and take the columns that a terminal gives them', () => {
    expect(visibleName('web 1 שלום 数据')).toBe('web 1 שלום 数据');
    expect(columnsOf('数据')).toBe(4);
    expect(columnsOf('e\u0301')).toBe(1);
    expect(visibleName('\u2066x\u2069\n\t')).toBe('\\u{2066}x\\u{2069}\\u{a}\\u{9}');
  });

  test('are cut anywhere into lines of the width', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), text => {
        const lines = wrapAnywhere(visibleName(text), 12);
        expect(lines.join('')).toBe(visibleName(text));
        expect(lines.filter(line => columnsOf(line) > 12)).toEqual([]);
      }),
    );
  });
});

describe('what a CPU is used for', () => {
  const guest = {
    name: 'a',
    source: 'threads' as const,
    floats: false,
    vcpus: [CpuSet.of([1])],
    iothreads: [],
    emulator: CpuSet.of([1]),
    memory: [],
  };
  const model = (change: Partial<MapModel>): MapModel => ({
    ...mapModelOfHost(hostOf(namedMachine('dual-socket-smt'))),
    guests: [guest],
    ...change,
  });

  test('an iothread alone on a CPU has it', () => {
    const marks = cpuMarks(model({ guests: [{ ...guest, iothreads: [CpuSet.of([5])] }] }));
    expect(marks.get(5)).toEqual({ use: 'iothread', guest: 'a' });
  });

  test('a CPU that the operator set aside for emulator threads is a pool CPU without guests too', () => {
    expect(cpuMarks(model({ policy: { emulator_pin_set: '7' } })).get(7)).toEqual({ use: 'pool' });
  });

  test('a list for all vCPUs of a guest is its own, unless it is known to float or the list is shared', () => {
    const listed = { ...guest, vcpus: [CpuSet.of([2, 3]), CpuSet.of([2, 3])] };
    expect(cpuMarks(model({ guests: [listed] })).get(2)).toEqual({ use: 'vcpu', guest: 'a' });
    expect(cpuMarks(model({ guests: [{ ...listed, floats: true }] })).get(2)).toEqual({ use: 'free' });
    const shared = model({ guests: [listed], policy: { cpu_shared_set: '2-3' } });
    expect(cpuMarks(shared).get(2)).toEqual({ use: 'shared' });
  });

  test('one vCPU on a shared set of one CPU floats there', () => {
    expect(cpuMarks(model({ policy: { cpu_shared_set: '1' } })).get(1)).toEqual({ use: 'shared' });
  });
});
