import type { Change } from '../../domain/plan.ts';
import type { Reconciliation, ReportedDrift } from '../../domain/drift.ts';
import type { Ledger, LedgerEntry } from '../../domain/ledger.ts';
import type { GuestControl, LedgerStore, NodeLock, PageReturn } from '../ports.ts';
import { recordDecision, sweepDecisionRecords } from '../decision-records.ts';
import { withEntry } from '../prepare-start.ts';
import type { RebalanceTools } from '../rebalance/rebalance-tools.ts';
import type { ExclusivityPlace } from '../exclusivity/exclusivity.ts';
import { carryClaim } from '../rebalance/carry-claim.ts';
import { applyRepairs, type Applied } from './apply-repairs.ts';
import { sentenceOfDrift } from './describe-drift.ts';
import { findExclusivity, loosen, restoreExclusivity } from './exclusivity-drift.ts';
import { findDrift } from './find-drift.ts';
import { finishChanges } from './finish-changes.ts';
import type { Finding } from './finding.ts';
import { observeDrift, offlineCpus, type DriftObserver } from './observe-drift.ts';
import type { Observed } from './observed.ts';
import { planRepairs } from './plan-repairs.ts';
import { isFoughtOver, nextMemory, withoutFought } from './repair-history.ts';
import { readRepairMemory, writeRepairMemory, type RepairMemory } from './repair-memory.ts';
import type { Repair, RepairPlan } from './repair.ts';
import { heldCpus } from './wanted-placement.ts';

/** What a reconciliation works with. */
export interface ReconcileTools extends DriftObserver, Pick<RebalanceTools, 'setMetadata'> {
  readonly ledger: Pick<LedgerStore, 'acquire' | 'read' | 'write'>;
  readonly control: GuestControl & PageReturn;
  /** One reconciliation at a time; refuses at once. */
  readonly turn: NodeLock;
  readonly stateFolder: string;
  /** Where partitions and fences are kept. */
  readonly exclusivity: ExclusivityPlace;
  /** Seconds since the epoch. */
  readonly now: () => number;
}

/** What a plan is made with. */
export type PlanTools = DriftObserver & Pick<ReconcileTools, 'stateFolder' | 'now' | 'exclusivity'>;

/** A reconciliation and what has to be told besides. */
export interface ReconcileEnd {
  readonly document: Reconciliation;
  readonly warnings: readonly string[];
}

/** What was found and is to be done about it. */
interface Plan {
  readonly seen: Observed;
  readonly findings: readonly Finding[];
  readonly plan: RepairPlan;
  readonly memory: RepairMemory;
  readonly fought: ReadonlySet<number>;
  readonly warnings: readonly string[];
}

/** File of the state folder that one run leaves for the next. */
const MEMORY = 'reconcile.json';

/**
 * What differs on this node, and what would mend it; changes nothing and takes no lock. The ledger is handed in, because
 * reading it through its store sets a damaged one aside.
 */
export async function previewReconcile(tools: PlanTools, ledger: Ledger): Promise<ReconcileEnd> {
  const made = await makePlan(ledger, tools);
  return { document: report(made, { dryRun: true, applied: null }), warnings: [] };
}

/**
 * Brings a node back to what was decided:
 *
 * 1. One at a time: a second one ends at once. What a rebalance that was killed left half done is finished, while its guests
 *    still hold both places.
 * 2. Under the node's lock: read the ledger, observe, find what differs, decide what is to be decided, write the ledger, so
 *    that whoever decides next counts it.
 * 3. Without the lock, because memory may move for minutes: make the changes in order, looking after each whether it is
 *    true. A guest that one failed for is left where it is. What guests carry of their claims follows.
 * 4. Remember what was mended: what comes back again and again is somebody else's work, which is named instead.
 */
export async function reconcile(tools: ReconcileTools): Promise<ReconcileEnd> {
  const giveBack = await tools.turn.acquire();
  try {
    const warnings = [...(await finishChanges(tools))];
    const made = await decide(tools);
    const applied = await apply(made, tools);
    await carry(made, { ...tools, warn: sentence => warnings.push(sentence) });
    for (const asked of made.plan.asked.values()) recordDecision(tools.node, tools.stateFolder, asked);
    const document = report(made, { dryRun: false, applied });
    remember(tools, made, document);
    return { document, warnings: [...warnings, ...made.warnings] };
  } finally {
    giveBack();
  }
}

/** The repairs, between letting go of CPUs that guests leave and taking those that they have then. */
async function apply({ plan, seen, findings }: Plan, tools: ReconcileTools): Promise<Applied> {
  const place = tools.exclusivity;
  const loosened = await loosen(plan.entries.keys(), place);
  const applied = await applyRepairs(plan, seen, tools);
  const excluded = findings.flatMap(({ remedy }, index) => (remedy.kind === 'exclude' ? [index] : []));
  if (loosened.length === 0 && excluded.length === 0) return applied;
  const answer = await restoreExclusivity(seen, plan.entries, {
    place,
    repin: vm => repin(vm, { plan, seen, tools }),
  });
  for (const vm of loosened) await repin(vm, { plan, seen, tools });
  if (answer === null) return applied;
  const touched = findings.flatMap(({ drift }, index) => (plan.entries.has(drift.vm) ? [index] : []));
  return {
    ...applied,
    failed: new Map([...applied.failed, ...[...excluded, ...touched].map(index => [index, answer] as const)]),
  };
}

/** What a guest carries of its claim follows the CPUs that were decided for it, so that a lost ledger is rebuilt rightly. */
async function carry(
  { plan, seen }: Plan,
  tools: ReconcileTools & Pick<RebalanceTools, 'warn'>,
): Promise<void> {
  for (const entry of plan.entries.values()) {
    const before = seen.entries.find(({ vm }) => vm === entry.vm);
    if (before?.placement != null && heldCpus(before).equals(heldCpus(entry))) continue;
    await carryClaim(tools, entry);
  }
}

/** Every thread of a guest to where the ledger has it. */
async function repin(
  vm: string,
  {
    plan,
    seen,
    tools,
  }: { readonly plan: RepairPlan; readonly seen: Observed; readonly tools: ReconcileTools },
): Promise<void> {
  const placement = (plan.entries.get(vm) ?? seen.entries.find(entry => entry.vm === vm))?.placement;
  if (placement == null) return;
  for (const [vcpu, cpus] of Object.entries(placement.pins))
    await tools.control.pinVcpu(vm, Number(vcpu), cpus);
  await tools.control.pinEmulator(vm, placement.emulator.cpus);
}

async function decide(tools: ReconcileTools): Promise<Plan> {
  const unlock = await tools.ledger.acquire();
  try {
    const { ledger, warning } = tools.ledger.read();
    const made = await makePlan(ledger, tools);
    // Counters stay as they are.
    const next = { ...ledger, ...ledgerAfter(made) };
    if (JSON.stringify(next) !== JSON.stringify(ledger)) tools.ledger.write(next);
    sweepDecisionRecords(tools.node, tools.stateFolder, next);
    return { ...made, warnings: warning === null ? [] : [warning] };
  } finally {
    unlock();
  }
}

async function makePlan(ledger: Ledger, tools: PlanTools): Promise<Plan> {
  const { node, stateFolder } = tools;
  const memory = readRepairMemory(node, `${stateFolder}/${MEMORY}`, {
    boot: (node.files.read('/proc/sys/kernel/random/boot_id') ?? '').trim(),
    seconds: tools.now(),
  });
  const seen = await observeDrift(ledger, memory, tools);
  const found = [...findDrift(seen), ...(await findExclusivity(seen, tools.exclusivity))];
  const fought = new Set(found.flatMap((finding, index) => (isFoughtOver(finding, memory) ? [index] : [])));
  const findings = withoutFought(found, fought, seen);
  return { seen, findings, plan: planRepairs(seen, findings), memory, fought, warnings: [] };
}

/** The ledger with what lives and what was decided. */
function ledgerAfter({ seen, plan }: Plan): Ledger {
  const live: Ledger = {
    kind: 'pinfold/ledger',
    version: 1,
    boot: seen.boot,
    entries: seen.entries,
  };
  return [...plan.entries.values()].reduce(
    (ledger: Ledger, entry: LedgerEntry) => withEntry(ledger, entry),
    live,
  );
}

function report(
  { seen, findings, plan, fought }: Plan,
  { dryRun, applied }: { readonly dryRun: boolean; readonly applied: Applied | null },
): Reconciliation {
  const drift = findings.map((finding, index): ReportedDrift => {
    const why = plan.refused.get(index);
    const failure = applied?.failed.get(index);
    const repair =
      why !== undefined ? 'none' : dryRun ? 'planned' : failure === undefined ? 'done' : 'failed';
    const detail = why ?? failure ?? plan.decided.get(index) ?? '';
    return { ...finding.drift, sentence: sentenceOfDrift(finding.drift, { repair, detail }), repair };
  });
  const made = applied === null ? plan.repairs : applied.made;
  return {
    kind: 'pinfold/reconcile',
    version: 1,
    host: seen.host.topology.host,
    dryRun,
    drift,
    changes: made.filter(({ finding }) => !fought.has(finding)).map(changeOf),
  };
}

const CHANGES: Readonly<Record<Repair['act']['kind'], Change['change']>> = {
  'pin-vcpu': 'repin-vcpu',
  'pin-iothread': 'repin-iothread',
  'pin-emulator': 'repin-emulator',
  'bind-memory': 'move-memory',
  'return-pages': 'move-memory',
  'remove-file': 'release',
};

function changeOf({ vm, act, from, costMiB }: Repair): Change {
  const to = 'cpus' in act ? act.cpus : 'cells' in act ? act.cells : 'to' in act ? act.to : '';
  return { vm, change: CHANGES[act.kind], from, to, costMiB, live: true };
}

function remember(tools: ReconcileTools, made: Plan, document: Reconciliation): void {
  const memory = nextMemory(made.memory, {
    findings: made.findings,
    drift: document.drift,
    confined: made.plan.confined,
    offline: offlineCpus(made.seen).toString(),
    seconds: tools.now(),
    processes: new Set(made.seen.guests.map(({ process }) => process)),
  });
  writeRepairMemory(tools.node, `${tools.stateFolder}/${MEMORY}`, {
    memory,
    before: made.memory,
    boot: made.seen.boot,
  });
}
