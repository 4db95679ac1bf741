/** One member of an archive. A `device` is [major, minor] of a character device. */
export interface CpioMember {
  readonly path: string;
  /** File type and permission bits, as in `st_mode`. */
  readonly mode: number;
  readonly body?: Buffer;
  readonly device?: readonly [number, number];
}

export const FOLDER = 0o040755;
export const PROGRAM = 0o100755;
export const FILE = 0o100644;
export const CHARACTER_DEVICE = 0o020600;

/** An archive in cpio's "newc" format (the kernel's Documentation/driver-api/early-userspace/buffer-format.rst). */
export function cpioArchive(members: readonly CpioMember[]): Buffer {
  const parts = members.map((member, index) => entry(member, index + 1));
  return Buffer.concat([...parts, entry({ path: 'TRAILER!!!', mode: 0 }, 0)]);
}

function entry(member: CpioMember, inode: number): Buffer {
  const body = member.body ?? Buffer.alloc(0);
  const [major, minor] = member.device ?? [0, 0];
  const name = `${member.path}\0`;
  const fields = [inode, member.mode, 0, 0, 1, 0, body.length, 0, 0, major, minor, name.length, 0];
  const head = `070701${fields.map(field => field.toString(16).padStart(8, '0')).join('')}${name}`;
  return Buffer.concat([padded(Buffer.from(head)), padded(body)]);
}

function padded(buffer: Buffer): Buffer {
  return Buffer.concat([buffer, Buffer.alloc((4 - (buffer.length % 4)) % 4)]);
}
