import { connect } from 'node:net';

/** QEMU answers at once; the machine stands still meanwhile. */
const ANSWER_MS = 5_000;

/**
 * Writes a 32-bit word at a physical address through QEMU's GDB server, which listens on this socket, and leaves; the machine goes on.
 * (GDB's remote serial protocol; `Qqemu.PhyMemMode` is QEMU's own.)
 */
export async function gdbWrite(socketPath: string, address: number, word: number): Promise<void> {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(word);
  const packets = ['Qqemu.PhyMemMode:1', `M${address.toString(16)},4:${bytes.toString('hex')}`, 'D'];
  const socket = connect(socketPath);
  try {
    for (const packet of packets) {
      const answer = await ask(socket, packet);
      if (answer !== 'OK') throw new Error(`QEMU's GDB server answered "${answer}" to "${packet}".`);
    }
  } finally {
    socket.destroy();
  }
}

/** One packet and its answer. */
function ask(socket: ReturnType<typeof connect>, packet: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const settle = (act: () => void) => {
      clearTimeout(deadline);
      socket.removeAllListeners();
      // Whoever leaves without a listener would be ended by a late error.
      socket.on('error', () => undefined);
      act();
    };
    const fail = (why: string) => {
      settle(() => {
        reject(new Error(`QEMU's GDB server did not answer "${packet}": ${why}.`));
      });
    };
    const deadline = setTimeout(fail, ANSWER_MS, `nothing within ${ANSWER_MS / 1000} s`);
    socket.setEncoding('latin1').on('data', (piece: string) => {
      text += piece;
      const answer = /\$([^#]*)#[0-9a-f]{2}/.exec(text);
      if (answer !== null)
        settle(() => {
          socket.write('+');
          resolve(answer[1]!);
        });
    });
    socket.on('error', ({ message }) => {
      fail(message);
    });
    socket.on('close', () => {
      fail('it hung up');
    });
    socket.write(`$${packet}#${checksum(packet)}`);
  });
}

function checksum(packet: string): string {
  const sum = [...Buffer.from(packet, 'latin1')].reduce((all, byte) => all + byte, 0);
  return (sum % 256).toString(16).padStart(2, '0');
}
