/** What the order of a scenario depends on. */
export interface QueuedScenario {
  readonly name: string;
  readonly isProxmox: boolean;
  readonly isLong: boolean;
  readonly startsMany: boolean;
  readonly hasReboot: boolean;
}

/**
 * The scenarios of one profile, which one or more machines take until none is left.
 *
 * Sort keys:
 * 1. those of OpenNebula, then those of Proxmox VE, whose root takes the state folder for itself or away;
 * 2. in each, the long ones first, so that no machine has one left when all others are done;
 * 3. of the long ones, those behind that start many guests at once;
 * 4. by name.
 */
export class ScenarioQueue {
  readonly #left: QueuedScenario[];

  constructor(scenarios: readonly QueuedScenario[]) {
    const key = ({ isProxmox, isLong, startsMany }: QueuedScenario) =>
      (isProxmox ? 4 : 0) + (isLong ? 0 : 2) + (startsMany ? 1 : 0);
    this.#left = [...scenarios].sort(
      (a, b) => key(a) - key(b) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
    );
  }

  /** How many nobody has taken yet. */
  get left(): number {
    return this.#left.length;
  }

  /**
   * The next ones for a machine of so many that share the queue: of what is left, half of its share, so that the last pieces
   * are small; at least one, none when nothing is left. A long one and one with a reboot come alone.
   */
  take(machines: number): readonly string[] {
    const most = Math.max(1, Math.floor(this.#left.length / (2 * machines)));
    const piece: QueuedScenario[] = [];
    while (piece.length < most && this.#left.length > 0) {
      const isAlone = this.#left[0]!.isLong || this.#left[0]!.hasReboot;
      if (isAlone && piece.length > 0) break;
      piece.push(this.#left.shift()!);
      if (isAlone) break;
    }
    return piece.map(({ name }) => name);
  }
}
