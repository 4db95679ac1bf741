import { releaseAfter } from '../../src/app/opennebula/release-after.ts';
import { parseCpuList } from '../../src/domain/cpu-list.ts';
import type { ReportedDrift } from '../../src/domain/drift.ts';
import type { GuestSpec } from '../../src/domain/guest-spec.ts';
import type { LedgerEntry } from '../../src/domain/ledger.ts';
import type { PlacementRequest } from '../../src/domain/placement-request.ts';
import type { Trace } from '../../src/domain/trace.ts';
import { movesMemory } from '../../src/engine/rebalance/plan-rebalance.ts';
import { readRequest } from '../../src/engine/request/read-request.ts';
import { parseLedger } from '../../src/formats/ledger/parse-ledger.ts';
import { diceOf, type Dice } from '../../src/testing/dice.ts';
import { PlacedNode } from '../../src/testing/placed-node.ts';
import { checkNode } from './check-node.ts';
import { AT_ONCE, DAMAGES, type Damage } from './damage.ts';
import { dayTrace, type DayWish } from './day-trace.ts';
import { MOST_MIB } from './planned-day.ts';

/** A day on a stand-in node. */
export interface LiveDayWish extends DayWish {
  /** Events between two reconciliations; before each the node is damaged. */
  readonly reconcileEvery: number;
  /** Events between two rebalances for the score. */
  readonly rebalanceEvery: number;
}

/** What became of it. */
export interface LiveOutcome {
  readonly offeredVcpus: number;
  readonly acceptedVcpus: number;
  readonly steps: number;
  readonly movedMiB: number;
  readonly reconciles: number;
  /** How often the node was damaged, by what. */
  readonly damages: Readonly<Record<string, number>>;
  /** Findings by what became of them. */
  readonly findings: Readonly<Record<string, number>>;
  /** Guests that were looked at. */
  readonly checks: number;
  /**
   * Rules that a CPU which went offline bends. While it is offline: whatever a guest breaks whose drift reconcile names and cannot
   * mend, the ratio of shared vCPUs, and {@link OF_OFFLINE_SIBLING}. When it is back: {@link OF_CORES} of guests of which reconcile says
   * that nobody can give them the cores that they ask for, and {@link OF_LOWEST} of those that took their place meanwhile. And steps that are
   * refused because of {@link OF_OVERCOMMIT}.
   */
  readonly bent: number;
  /** What is not as it must be: a rule that is broken, a finding that is left, a step or start that failed. */
  readonly wrong: readonly string[];
}

/** The sibling of a core is offline, so that nobody can be given it. */
const OF_OFFLINE_SIBLING = /: Core [\d,-]+ has no sibling to give\.$/;
/** A whole core was decided while its lowest CPU was not there: it is the guest's alone, and the vCPU runs on the other CPU. */
const OF_LOWEST = /: Core [\d,-]+ does not run its vCPU on its lowest CPU\.$/;
/** The sibling of a core is somebody else's since it is back, or vCPUs that belong together found no room together. */
const OF_CORES =
  /: (The guest is told siblings that are none|More than one vCPU has no sibling of its guest|Core [\d,-]+ is partly claimed|The claim (holds other CPUs than the placement takes|burns other CPUs than those that no thread uses)|The emulator of an isolate guest is on a half-used core)\.$/;

/** A step is refused by the node: a shared guest that overcommits memory has less than it claims, and less becomes free when it goes. */
const OF_OVERCOMMIT = / has \d+ of the \d+ pages of 4 KiB that it needs\), and it is where it was\.$/;

/** Whether reconcile says of a guest that it lacks cores which nobody can give it now. */
function lacksCores({ code, subject, wanted, repair }: ReportedDrift): boolean {
  const isOfCores =
    (code === 'exclusivity-lost' && subject === 'siblings') ||
    (code === 'vcpu-astray' && wanted === 'siblings of one core');
  return isOfCores && repair === 'none';
}

/**
 * Plays a day through Pinfold's own code on a stand-in node: OpenNebula's hook starts each guest; who does not fit asks for a
 * rebalance and is started again; guests leave by the driver or die, so that their claims are left behind; every
 * `rebalanceEvery` events the node's score is bettered. Every `reconcileEvery` events:
 *
 * 1. Something damages the node, at the beginning or at the end of these events in turn.
 * 2. reconcile runs, an hour after the last (what it mends three times within an hour it leaves alone, which is not the question).
 * 3. A second look (a dry run) must find nothing, and the independent checker no rule that is broken.
 *
 * While a CPU is offline there may be findings that nobody can mend (`none`). When it is back those must be gone, but for guests
 * that lack a whole core or siblings because others have them ({@link lacksCores}).
 */
export async function liveDay(wish: LiveDayWish): Promise<LiveOutcome> {
  const day = new LiveDay(wish);
  try {
    await day.play();
    return day.outcome;
  } finally {
    day.node.remove();
  }
}

class LiveDay {
  readonly node: PlacedNode;
  readonly outcome = {
    offeredVcpus: 0,
    acceptedVcpus: 0,
    steps: 0,
    movedMiB: 0,
    reconciles: 0,
    damages: {} as Record<string, number>,
    findings: {} as Record<string, number>,
    checks: 0,
    bent: 0,
    wrong: [] as string[],
  };
  readonly #wish: LiveDayWish;
  readonly #trace: Trace;
  readonly #roll: Dice;
  readonly #ids = new Map<string, number>();
  readonly #since = new Map<string, number>();
  /** Guests that took their place while a CPU was offline. */
  readonly #short = new Set<string>();
  #clock = 0;
  #event = 0;
  #nextId = 1_000_000;
  #damage: Damage = {};
  #isDamaged = false;

  constructor(wish: LiveDayWish) {
    this.#wish = wish;
    this.#trace = dayTrace(wish);
    this.#roll = diceOf(wish.seed + 1);
    this.node = new PlacedNode(wish.machine, 'process');
    this.node.policy(JSON.stringify(wish.policy));
  }

  async play(): Promise<void> {
    const { reconcileEvery, rebalanceEvery } = this.#wish;
    for (const event of this.#trace.events) {
      const place = this.#event % reconcileEvery;
      const early = Math.floor(this.#event / reconcileEvery) % 2 === 0;
      if (place === 0 && early) await this.#hurt(false);
      if (event[0] === 'a') await this.#arrive(event[1], event[2]);
      else await this.#leave(event[1]);
      if (this.#event % rebalanceEvery === rebalanceEvery - 1) await this.#rebalance(null, MOST_MIB);
      if (place === reconcileEvery - 1) {
        if (!early) await this.#hurt(true);
        await this.#reconcile();
      }
      this.#event += 1;
    }
  }

  async #arrive(vm: string, request: PlacementRequest): Promise<void> {
    const { vcpus, memoryMiB, extraSpecs = {} } = request;
    this.outcome.offeredVcpus += vcpus;
    const pinfold = Object.fromEntries(
      Object.entries(extraSpecs).map(([key, value]) => [key.replace(/[:.]/g, '_').toUpperCase(), value]),
    );
    const id = this.#event + 1;
    const start = () => this.node.start(id, { vcpus, memoryMiB, pinfold });
    const name = `one-${id}`;
    let answer = await start();
    if (answer.code !== 0) {
      const read = readRequest({ ...request, vm: name });
      if (!read.ok || !(await this.#rebalance(read.spec, Infinity))) return;
      answer = await start();
      if (answer.code !== 0) this.#wrong(`${name} was refused after room was made: ${answer.stderr.trim()}`);
    }
    if (answer.code !== 0) return;
    this.outcome.acceptedVcpus += vcpus;
    this.#ids.set(vm, id);
    this.#took(name);
  }

  /** Two of three leave by the driver, the others die: their claims stay behind. */
  async #leave(vm: string): Promise<void> {
    const id = this.#ids.get(vm);
    if (id === undefined) return;
    this.#ids.delete(vm);
    this.#since.delete(`one-${id}`);
    await this.node.virsh('destroy', `one-${id}`);
    if (this.#roll(3) === 0) this.#count('a guest that died');
    else await releaseAfter(this.node.call('release', []));
  }

  /** Whether a newcomer has room. */
  async #rebalance(newcomer: GuestSpec | null, mostMiB: number): Promise<boolean> {
    const made = await this.node.rebalance({ newcomer, mostMiB });
    for (const step of made.steps.slice(0, made.done)) {
      if (movesMemory(step)) this.#took(step.to.spec.vm);
      if (this.#damage.mend !== undefined) this.#short.add(step.to.spec.vm);
    }
    this.outcome.steps += made.done;
    this.outcome.movedMiB += made.movedMiB;
    // A step may be refused because of what damaged the node: it is then where it was.
    if (made.failure !== null && OF_OVERCOMMIT.test(made.failure)) this.outcome.bent += 1;
    else if (made.failure !== null && !this.#isDamaged) this.#wrong(made.failure);
    return made.failure === null && made.newcomer !== null;
  }

  async #hurt(atOnce: boolean): Promise<void> {
    const names = Object.keys(DAMAGES).filter(name => atOnce || name !== AT_ONCE);
    const first = this.#roll(names.length);
    const text = this.node.read('/run/pinfold/ledger.json');
    const entries: readonly LedgerEntry[] = parseLedger(text)?.entries ?? [];
    const live = new Set([...this.#ids.values()].map(id => `one-${id}`));
    const placed = entries.filter(
      ({ vm, foreign, placement }) => live.has(vm) && foreign === null && placement !== null,
    );
    const present = this.node.read('/sys/devices/system/cpu/present').trim();
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      const damage = await DAMAGES[name]!({
        node: this.node,
        roll: this.#roll,
        placed,
        cpus: parseCpuList(present),
        freshId: () => (this.#nextId += 1),
        atOnce,
      });
      if (damage === null) continue;
      this.#count(name);
      this.#damage = damage;
      this.#isDamaged = true;
      if (damage.moved !== undefined) this.#took(damage.moved);
      return;
    }
  }

  async #reconcile(): Promise<void> {
    const { mend } = this.#damage;
    this.#damage = {};
    this.#isDamaged = false;
    await this.#reconcileOnce(mend !== undefined);
    if (mend === undefined) return;
    mend();
    await this.#reconcileOnce(false);
  }

  async #reconcileOnce(mayLeave: boolean): Promise<void> {
    this.node.seconds += 3601;
    this.outcome.reconciles += 1;
    const { drift } = await this.node.reconcile();
    const maybeLeft = (found: ReportedDrift) => (found.repair === 'none' && mayLeave) || lacksCores(found);
    for (const found of drift) {
      const { repair, sentence } = found;
      this.outcome.findings[repair] = (this.outcome.findings[repair] ?? 0) + 1;
      if (repair !== 'done' && !maybeLeft(found)) this.#wrong(sentence);
    }
    const left = await this.node.preview();
    for (const found of left.drift)
      if (!maybeLeft(found)) this.#wrong(`A second look finds: ${found.sentence}`);
    const unmended = new Set(left.drift.map(({ vm }) => vm));
    const { checks, broken } = checkNode({ node: this.node, empty: this.#trace.host, since: this.#since });
    this.outcome.checks += checks;
    for (const rule of broken) {
      const vm = rule.slice(0, rule.indexOf(':'));
      const isBent =
        (unmended.has(vm) && (mayLeave || OF_CORES.test(rule))) ||
        (mayLeave && (/exceeds its CPU ratio/.test(rule) || OF_OFFLINE_SIBLING.test(rule))) ||
        (this.#short.has(vm) && OF_LOWEST.test(rule));
      if (isBent) this.outcome.bent += 1;
      else this.#wrong(rule);
    }
  }

  /** The guest is on cells that it was not on before. */
  #took(name: string): void {
    this.#clock += 1;
    this.#since.set(name, this.#clock);
    this.#short.delete(name);
    if (this.#damage.mend !== undefined) this.#short.add(name);
  }

  #count(damage: string): void {
    this.outcome.damages[damage] = (this.outcome.damages[damage] ?? 0) + 1;
  }

  #wrong(sentence: string): void {
    this.outcome.wrong.push(`event ${this.#event}: ${sentence}`);
  }
}
