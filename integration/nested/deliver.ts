import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { QUICK_NODE } from '../kit/quick-node.ts';
import { mustRun } from '../kit/run-program.ts';
import { say, writer } from '../kit/say.ts';
import type { PlayerSettings, ScenarioOutcome } from '../player/play.ts';
import type { Machine } from './machine.ts';
import { onMachine, scriptOn } from './ssh.ts';

/** Where the delivery lies inside. */
const INSIDE = '/opt/pinfold-suite';

/** Folder with dist/ and hooks/ on the machine. */
export const DELIVERY_INSIDE = `${INSIDE}/delivery`;

/** Programs start forty times slower under TCG, and more so beside other work: `node -e 0` takes 2 to 5 s inside. */
const DECISION_SECONDS = '240';

/** Each scenario has a limit of its own in the player; all of a profile take twenty minutes, beside other work more. */
const PLAY_TIMEOUT_MS = 2_700_000;

/** Puts the delivery and the player (both in `folder`: delivery/, player.cjs) on the machine, in one round trip. */
export async function deliver(machine: Machine, folder: string): Promise<void> {
  const packed = join(folder, `delivery-${machine.ssh.port}.tar`);
  await mustRun(['tar', '-C', folder, '-cf', packed, 'delivery', 'player.cjs'], { timeoutMs: 30_000 });
  const unpack = `rm -rf ${INSIDE} && mkdir -p ${INSIDE} && tar -C ${INSIDE} --no-same-owner -xf - && chmod -R go+rX ${INSIDE}`;
  await scriptOn(machine.ssh, unpack, { timeoutMs: 60_000, stdin: readFileSync(packed) });
}

/**
 * Plays scenarios on the machine and returns what the player wrote; what it did not get to is missing.
 *
 * @param isQuick whether Pinfold's programs run on the quick Node, as the player does
 */
export async function playInside(
  machine: Machine,
  isQuick: boolean,
  what: Pick<PlayerSettings, 'host' | 'domainType' | 'scenarios' | 'damage' | 'half'>,
): Promise<ScenarioOutcome[]> {
  const settings: PlayerSettings = {
    ...what,
    delivery: DELIVERY_INSIDE,
    remotes: `${DELIVERY_INSIDE}/integration/opennebula/remotes`,
    user: 'oneadmin',
    hookSettings: { PINFOLD_TIMEOUT: DECISION_SECONDS, ...(isQuick && { PINFOLD_NODE: QUICK_NODE }) },
    results: `${INSIDE}/results.json`,
  };
  const play = `cat > ${INSIDE}/settings.json && exec ${QUICK_NODE} ${INSIDE}/player.cjs ${INSIDE}/settings.json`;
  return onMachine(machine.ssh, async node => {
    const [write, decoder] = [writer(), new TextDecoder()];
    const end = await node.runForBytes(['sh', '-c', play], {
      timeoutMs: PLAY_TIMEOUT_MS,
      stdin: JSON.stringify(settings),
      onOutput: piece => {
        write(decoder.decode(piece, { stream: true }));
      },
    });
    if (end.code === null) say(end.stderr.toString());
    const results = await node.readFiles([settings.results]);
    return JSON.parse(results.read(settings.results) ?? '[]') as ScenarioOutcome[];
  });
}
