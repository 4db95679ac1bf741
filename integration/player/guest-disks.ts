import { writeFileSync } from 'node:fs';

/** Ticks of a PC's timer in a second (18.2), as the BIOS counts them at 0040:006C. */
const TICKS = 18;
/** A megabyte; the firmware reads the first sector. */
const BYTES = 1_048_576;

/**
 * A disk whose boot sector waits for these seconds and then asks the firmware to power the machine off (APM 1.2, interrupt
 * 15h, functions 5301h and 5307h), as a guest's own shutdown does.
 */
export function diskThatPowersOff(path: string, seconds: number): void {
  const wait = Buffer.alloc(2);
  wait.writeUInt16LE(seconds * TICKS);
  const code = [
    'fa 31c0 8ed8 8ed0 bc007c fb', // no interrupts, segments 0, a stack, interrupts
    '8b1e6c04', // bx = tick
    'f4 a16c04 29d8', // halt; ax = tick - bx
    `3d${wait.toString('hex')} 72f5`, // again, from the halt on, while it is below
    'b80153 31db cd15', // connect
    'b80753 bb0100 b90300 cd15', // all devices: off
    'f4 ebfd',
  ];
  const disk = Buffer.alloc(BYTES);
  Buffer.from(code.join('').replaceAll(' ', ''), 'hex').copy(disk);
  disk.write('55aa', 510, 'hex');
  writeFileSync(path, disk);
}
