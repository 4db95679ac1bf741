import { writeFileSync } from 'node:fs';

/** A megabyte; the firmware reads the first sector. */
const BYTES = 1_048_576;

/**
 * A disk whose boot sector waits for these seconds and then asks the firmware to power the machine off (APM 1.2, interrupt
 * 15h, functions 5301h and 5307h), as a guest's own shutdown does. It rests between two ticks of the PC's timer, and goes by the clock,
 * because of the 18 ticks in a second many get lost where the host under it is emulated, too.
 */
export function diskThatPowersOff(path: string, seconds: number): void {
  const count = Buffer.alloc(2);
  count.writeUInt16LE(seconds);
  const code = [
    'fa 31c0 8ed8 8ed0 bc007c fb', // no interrupts, segments 0, a stack, interrupts
    `bb${count.toString('hex')}`, // bx = seconds to wait
    'b000 e670 e471 88c1', // cl = second of the clock
    'f4 b000 e670 e471 38c8 74f5', // halt; al = second of the clock; again while it is cl
    '88c1 4b 75f0', // cl = al; one second less; again until none is left
    'b80153 31db cd15', // connect
    'b80753 bb0100 b90300 cd15', // all devices: off
    'f4 ebfd',
  ];
  const disk = Buffer.alloc(BYTES);
  Buffer.from(code.join('').replaceAll(' ', ''), 'hex').copy(disk);
  disk.write('55aa', 510, 'hex');
  writeFileSync(path, disk);
}
