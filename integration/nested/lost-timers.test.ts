import { lostTimers, readApicTimer, type ApicTimer } from './lost-timers.ts';

/** As QEMU 10.0.13 prints it, with its line ends. */
const lapic = ({
  lvtt = '0x000000ec active-hi edge                 one-shot     Fixed  (vec 236)',
  initial = 24283,
  current = 0,
  isr = '(none)',
  irr = '(none)',
}) =>
  [
    'dumping local APIC state for CPU 10 ',
    '',
    'LVTTHMR\t 0x00010000 active-hi edge  masked                      Fixed  (vec 0)',
    `LVTT\t ${lvtt}`,
    `Timer\t DCR=0x3 (divide by 16) initial_count = ${initial} current_count = ${current}`,
    'SPIV\t 0x000001ff APIC enabled, focus=off, spurious vec 255',
    `ISR\t ${isr}`,
    `IRR\t ${irr}`,
    '',
  ].join('\r\n');
const looked = (what: Parameters<typeof lapic>[0]) =>
  new Map<number, ApicTimer>([[10, readApicTimer(lapic(what))!]]);

it('names the CPU whose one-shot timer has run out, with nothing pending, and was not set in between', () => {
  expect(lostTimers(looked({}), looked({}))).toEqual([10]);
});

it.each([
  ['still counts', { current: 3 }],
  ['was set anew meanwhile', { initial: 977 }],
  ['never was set', { initial: 0 }],
  ['waits to be served', { irr: '236 ' }],
  ['is being served', { isr: '236 251 ' }],
  ['is masked', { lvtt: '0x000100ec active-hi edge  masked         one-shot     Fixed  (vec 236)' }],
  [
    'fires again and again',
    { lvtt: '0x000200ec active-hi edge                 periodic     Fixed  (vec 236)' },
  ],
])('leaves a CPU alone whose timer %s', (_, now) => {
  expect(lostTimers(looked({}), looked(now))).toEqual([]);
});

it('takes no other interrupt that is pending for the timer’s', () => {
  expect(lostTimers(looked({}), looked({ irr: '253 ' }))).toEqual([10]);
});

it('knows that there is no CPU of an id', () => {
  expect(readApicTimer('')).toBeNull();
  expect(lostTimers(new Map(), looked({}))).toEqual([]);
});
