/** What QEMU's `info lapic` says of the timer of one vCPU. */
export interface ApicTimer {
  /** Fires once, and is not masked. */
  readonly isArmed: boolean;
  readonly vector: number;
  /** Ticks that it was set to, and those that are left. */
  readonly initialCount: number;
  readonly currentCount: number;
  /** Its interrupt waits for the vCPU or is being served. */
  readonly isPending: boolean;
}

/** Reads `info lapic ID`; null when there is no vCPU of this id. */
export function readApicTimer(text: string): ApicTimer | null {
  const entry = /^LVTT\s+0x([0-9a-f]+)\s+(.*)$/m.exec(text);
  const counts = /initial_count = (\d+) current_count = (\d+)/.exec(text);
  if (entry === null || counts === null) return null;
  const vector = Number.parseInt(entry[1]!, 16) & 0xff;
  const holds = (register: string) => new RegExp(`^${register}\\s.*\\b${vector}\\b`, 'm').test(text);
  return {
    isArmed: /one-shot/.test(entry[2]!) && !/masked/.test(entry[2]!),
    vector,
    initialCount: Number(counts[1]),
    currentCount: Number(counts[2]),
    isPending: holds('ISR') || holds('IRR'),
  };
}

/**
 * vCPUs (APIC ids) whose timer ran out without an interrupt, from two looks at the same vCPUs a while apart. Linux sets its timer
 * anew, or masks it, with each interrupt that it gets; one that has run out and was not touched between the looks never interrupts
 * again, and whatever waits for a timer of this vCPU waits for ever.
 */
export function lostTimers(
  before: ReadonlyMap<number, ApicTimer>,
  after: ReadonlyMap<number, ApicTimer>,
): readonly number[] {
  const ranOut = (timer: ApicTimer | undefined) =>
    timer !== undefined &&
    timer.isArmed &&
    timer.initialCount > 0 &&
    timer.currentCount === 0 &&
    !timer.isPending;
  return [...after]
    .filter(([id, timer]) => {
      const earlier = before.get(id);
      return ranOut(timer) && ranOut(earlier) && earlier!.initialCount === timer.initialCount;
    })
    .map(([id]) => id);
}
