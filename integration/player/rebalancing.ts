import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { sleep } from '../kit/wait-until.ts';
import { cpuNumbers } from '../kit/cpu-numbers.ts';
import type { GuestTemplate } from '../opennebula/template.ts';
import type { Stage } from './stage.ts';

/** What the scenarios read of a plan document. */
export interface PlanDocument {
  readonly before: Readonly<Record<string, number>>;
  readonly after: Readonly<Record<string, number>>;
  readonly changes: readonly { readonly vm: string; readonly change: string; readonly costMiB: number }[];
}

/** Looks every so many milliseconds whether a run is to be killed. */
const LOOK_MS = 10;

/** The request document for a guest that OpenNebula would start with this template. */
function requestOf(guest: GuestTemplate): object {
  const specs = Object.entries(guest.pinfold ?? {}).map(([name, value]) => [
    name.toLowerCase().replace('_', ':'),
    value,
  ]);
  return {
    kind: 'pinfold/request',
    version: 1,
    vm: `one-${guest.id}`,
    vcpus: guest.vcpus,
    memoryMiB: guest.memoryMiB,
    extraSpecs: Object.fromEntries(specs) as Record<string, string>,
  };
}

/** What the operator lets these guests have: two cells of four CPUs, filled one after the other. */
export const TWO_CELLS = 'strategy: pack\ncpu_dedicated_set: "0-7"\n';

/** Dedicated guests that leave two CPUs free on each of the two cells, and one of three vCPUs for which neither has room. */
export interface Fragments {
  readonly running: readonly GuestTemplate[];
  readonly late: GuestTemplate;
  /** The file that holds the request of the late one. */
  readonly request: string;
}

/** Starts them under five VM ids from `firstId` on, and lets the second one go again. */
export async function fragment(stage: Stage, firstId: number): Promise<Fragments> {
  const pinfold = { HW_CPU_POLICY: 'dedicated', HW_NUMA_NODES: '1', HW_MEM_PAGE_SIZE: '2048' };
  const guest = (place: number, vcpus: number) => ({ id: firstId + place, vcpus, memoryMiB: 32, pinfold });
  const [first, leaver, third, other] = [guest(0, 1), guest(1, 2), guest(2, 1), guest(3, 2)];
  await stage.deploy(first);
  const leaving = await stage.deploy(leaver);
  await stage.deploy(third);
  await stage.deploy(other);
  await stage.cancel(leaving);
  const late = guest(4, 3);
  const request = `/tmp/request-${late.id}.json`;
  writeFileSync(request, JSON.stringify(requestOf(late)));
  return { running: [first, third, other], late, request };
}

/**
 * Every vCPU thread has a CPU that no other guest's claim holds, all threads are on CPUs of their guest's claim, and its
 * pages on cells of it: what must hold at any moment.
 */
export async function isValid(stage: Stage, guests: readonly GuestTemplate[], when: string): Promise<void> {
  const faults: string[] = [];
  const owners = new Map<number, string>();
  for (const guest of guests) {
    const name = `one-${guest.id}`;
    const seen = await stage.see(guest);
    const cells = seen.record?.claim.cells ?? [];
    const held = new Set(cells.flatMap(({ pcpus }) => cpuNumbers(pcpus)));
    for (const cpu of held) {
      if (owners.has(cpu)) faults.push(`CPU ${cpu} is claimed by ${owners.get(cpu)!} and ${name}`);
      owners.set(cpu, name);
    }
    for (const { name: thread, cpus } of seen.threads)
      if (!cpus.every(cpu => held.has(cpu))) faults.push(`${name}'s ${thread} is on ${cpus.join()}`);
    const vcpus = seen.threads.filter(({ role }) => role === 'vcpu').map(({ cpus }) => cpus.join());
    if (new Set(vcpus).size !== vcpus.length) faults.push(`${name}'s vCPUs are on ${vcpus.join(' ')}`);
    for (const cell of Object.keys(stage.hugePagesOf(seen)))
      if (!cells.some(({ hostCell, pages }) => hostCell === Number(cell) && pages > 0))
        faults.push(`${name} has pages on cell ${cell}`);
  }
  stage.check(`faults ${when}`, faults, []);
}

/** Runs `pinfold` and kills it with SIGKILL in the moment that `isDue`; it must not have ended before. */
export async function killedWhen(
  stage: Stage,
  words: readonly string[],
  { moment, isDue }: { readonly moment: string; readonly isDue: () => boolean },
): Promise<void> {
  const state = { ended: false };
  const run = stage.pinfold(...words).then(
    () => 'it came to its end',
    () => 'it was killed',
  );
  void run.finally(() => (state.ended = true));
  while (!state.ended && !isDue()) await sleep(LOOK_MS);
  for (const pid of pinfolds(words[0]!)) process.kill(pid, 'SIGKILL');
  stage.check(`the run that is killed when ${moment}`, await run, 'it was killed');
}

function pinfolds(verb: string): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return words.includes(verb) && words.some(word => word.endsWith('/pinfold.cjs'));
      } catch {
        return false;
      }
    });
}
