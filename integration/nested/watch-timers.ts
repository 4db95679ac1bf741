import { join } from 'node:path';
import { writer } from '../kit/say.ts';
import { sleep } from '../kit/wait-until.ts';
import { gdbWrite } from './gdb-write.ts';
import { lostTimers, readApicTimer, type ApicTimer } from './lost-timers.ts';
import { machineRuns, type Machine } from './machine.ts';
import { monitorCommand } from './qmp.ts';

/** Between two looks; a program that waits for a lost timer waits so much longer. */
const LOOK_EVERY_MS = 5_000;
/** After this long a timer that ran out has interrupted its vCPU, however busy this machine is, or was lost. */
const LOST_AFTER_MS = 2_000;
const MONITOR_MS = 10_000;

/** Where a write is an interrupt (MSI): bits 12 to 19 name the APIC, the word its vector (Intel SDM 3A, 11.11). */
const MESSAGES = 0xfee00000;

/**
 * Gives vCPUs of this machine the timer interrupts that QEMU lost, until the function that it returns is called, and says so. Seen with QEMU
 * 10.0.13 and thread=multi, once in some twenty minutes of two busy machines: a vCPU's one-shot timer has run out, its APIC has
 * nothing pending, and Linux 6.12, which waits for that interrupt, sets no other. Timers of that CPU never fire again; as soon as
 * RCU's own is among them, libvirtd and systemd wait for ever in the kernel for their changes of cgroups.
 */
export function watchTimers(machine: Machine): () => void {
  const state = { isOver: false };
  const write = writer();
  const watch = async (): Promise<void> => {
    while (!state.isOver && machineRuns(machine)) {
      await sleep(LOOK_EVERY_MS);
      // A machine that is rebooted or very busy may not answer; it is asked again.
      const said = await mendTimers(machine).catch(() => []);
      for (const line of said) write(`${line}\n`);
    }
  };
  void watch();
  return () => {
    state.isOver = true;
  };
}

/** Looks twice, and gives the interrupts that are lost; says what it did. */
export async function mendTimers(
  machine: Machine,
  { lostAfterMs = LOST_AFTER_MS }: { readonly lostAfterMs?: number } = {},
): Promise<readonly string[]> {
  const first = await look(machine);
  if (lostTimers(first, first).length === 0) return [];
  await sleep(lostAfterMs);
  const second = await look(machine);
  const said: string[] = [];
  for (const id of lostTimers(first, second)) {
    const { vector, initialCount } = second.get(id)!;
    await interrupt(machine, id, vector);
    said.push(
      `  CPU with APIC id ${id}: QEMU lost the interrupt ${vector} of its timer (a count of ${initialCount} has run out, nothing is pending); it was given it.`,
    );
  }
  return said;
}

async function look(machine: Machine): Promise<ReadonlyMap<number, ApicTimer>> {
  const timers = new Map<number, ApicTimer>();
  const monitor = join(machine.folder, 'monitor');
  const said = await monitorCommand(monitor, 'info cpus', MONITOR_MS);
  const cpus = said.split('\n').filter(line => line.includes('CPU #')).length;
  // Ids leave out numbers where cores are not a power of two.
  for (let id = 0; id < 2 * cpus && timers.size < cpus; id += 1) {
    const timer = readApicTimer(await monitorCommand(monitor, `info lapic ${id}`, MONITOR_MS));
    if (timer !== null) timers.set(id, timer);
  }
  return timers;
}

/** Sends one interrupt to one APIC, as a device would. */
async function interrupt(machine: Machine, id: number, vector: number): Promise<void> {
  const monitor = join(machine.folder, 'monitor');
  const socket = join(machine.folder, 'gdb');
  await monitorCommand(monitor, `gdbserver unix:${socket},server=on,wait=off`, MONITOR_MS);
  try {
    await gdbWrite(socket, MESSAGES + id * 0x1000, vector);
  } finally {
    await monitorCommand(monitor, 'gdbserver none', MONITOR_MS);
  }
}
