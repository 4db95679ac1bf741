import { join } from 'node:path';

import { EXIT } from '../../domain/app-error.ts';
import { hostPolicyOf } from '../../domain/node-policy.ts';
import { checkNode, type Check } from '../demo/check-node.ts';
import { demoFolders } from '../demo/demo-folders.ts';
import { DEMO_GUESTS, type DemoGuest, EXPLAINED, STOPPED, TOO_LARGE } from '../demo/demo-guests.ts';
import { DEMO_POLICY } from '../demo/demo-machine.ts';
import { type DemoNode, type HookAnswer, makeDemoNode } from '../demo/demo-node.ts';
import { demoDocument, demoText, type DemoStory } from '../demo/demo-story.ts';
import { explainRefusal } from '../demo/explain-refusal.ts';
import { checkProxmox } from '../demo/check-proxmox.ts';
import { SHOP, TRIAL } from '../demo/proxmox-guests.ts';
import { makeRoom, type Room } from '../demo/make-room.ts';
import { makeProxmoxNode, type ProxmoxNode } from '../demo/proxmox-node.ts';
import { runVerbOn } from '../demo/run-verb-on.ts';
import { print, wantsColor } from '../output.ts';
import { readMapModel } from '../render/read-map-model.ts';

/**
 * Shows what Pinfold does on nodes that exist only as files: starts guests through OpenNebula's real hook, stops one, has
 * one refused, draws the node from its /proc and checks every thread there, says why a guest is where it is, and makes room
 * for the one that did not fit; then starts guests through Proxmox VE's hook on a second node. Answers with exit code 0 only
 * when all of it went as it should. Nodes that are kept stay as they were before room was made: that step is their reader's.
 */
export async function demoCommand(options: {
  readonly keep: boolean;
  /** The folder that the nodes are kept in; undefined = temporary ones. */
  readonly into: string | undefined;
  readonly json: boolean;
}): Promise<number> {
  const isKept = options.keep || options.into !== undefined;
  const kept = demoFolders(options.into);
  const demo = makeDemoNode(join(__dirname, 'hook-opennebula.cjs'), kept.opennebula);
  const pve = makeProxmoxNode(join(__dirname, 'hook-proxmox.cjs'), kept.proxmox);
  try {
    const told = play(demo, isKept);
    const { tasks, checks } = await playProxmox(pve);
    const story = { ...told, tasks, kept: isKept ? kept : null, checks: [...told.checks, ...checks] };
    await print(options.json ? demoDocument(story) : demoText(story, wantsColor()));
    return story.checks.every(({ fault }) => fault === null) ? EXIT.done : EXIT.internal;
  } finally {
    if (!isKept) {
      demo.remove();
      pve.remove();
    }
  }
}

async function playProxmox(pve: ProxmoxNode): Promise<Pick<DemoStory, 'tasks' | 'checks'>> {
  const tasks = [await pve.start(SHOP), await pve.start(TRIAL), await pve.stop(TRIAL)];
  return { tasks, checks: checkProxmox(pve, tasks, { running: SHOP, stopped: TRIAL }) };
}

function play(demo: DemoNode, isKept: boolean): Omit<DemoStory, 'tasks' | 'kept'> {
  const starts = DEMO_GUESTS.map(guest => ({ guest, answer: demo.start(guest) }));
  const stopped = DEMO_GUESTS.find(({ name }) => name === STOPPED)!;
  const stop = { guest: stopped, answer: demo.stop(stopped) };
  const refused = { guest: TOO_LARGE, answer: demo.start(TOO_LARGE) };
  const refusal = explainRefusal(demo, TOO_LARGE);
  const model = readMapModel(demo.node, hostPolicyOf(DEMO_POLICY));
  const running = DEMO_GUESTS.filter(({ name }) => name !== STOPPED);
  const left = [stopped, TOO_LARGE].map(guest =>
    gone(
      guest,
      demo,
      model.guests.map(({ name }) => name),
    ),
  );
  const checks = checkNode(demo, model, running);
  const explained = runVerbOn(demo.root, ['explain', EXPLAINED]);
  const room = makeRoom(demo, TOO_LARGE, isKept);
  return {
    starts,
    stop,
    refused,
    refusal,
    model,
    explained,
    room,
    checks: [
      ...starts.map(({ guest, answer }) => went(`${guest.name} starts`, answer, 0)),
      went(`${stopped.name} stops`, stop.answer, 0),
      went(`${TOO_LARGE.name} is refused`, refused.answer, 1),
      { what: 'the refusal can be explained', fault: refusal === null ? 'the engine would place it' : null },
      ...left,
      ...checks,
      { what: `${EXPLAINED} is explained`, fault: explained.code === 0 ? null : explained.lines.join(' ') },
      ...roomChecks(demo, room, running),
    ],
  };
}

/** The plan was made; where it was carried out, its guest runs and all the others still are where they should be. */
function roomChecks(
  demo: DemoNode,
  { rebalance, start }: Room,
  running: readonly DemoGuest[],
): readonly Check[] {
  const planned = {
    what: `there is a plan that makes room for ${TOO_LARGE.name}`,
    fault: rebalance.code === 0 ? null : rebalance.lines.join(' '),
  };
  if (start === null) return [planned];
  const after = checkNode(demo, readMapModel(demo.node, hostPolicyOf(DEMO_POLICY)), [
    ...running,
    start.guest,
  ]);
  const faults = after.flatMap(({ what, fault }) => (fault === null ? [] : [`not so: ${what} (${fault})`]));
  return [
    planned,
    went(`${start.guest.name} starts then`, start.answer, 0),
    { what: 'all of this holds after it', fault: faults.length === 0 ? null : faults.join('; ') },
  ];
}

function went(what: string, answer: HookAnswer, code: number): Check {
  const said = `exit code ${answer.code ?? 'none'}, ${answer.stderr.trim() || 'nothing said'}`;
  return { what, fault: answer.code === code ? null : said };
}

function gone({ name }: DemoGuest, demo: DemoNode, live: readonly string[]): Check {
  const held = demo.ledger().entries.some(({ vm }) => vm === name);
  const fault = live.includes(name) ? 'it still runs' : held ? 'its claim is still held' : null;
  return { what: `${name} leaves nothing behind`, fault };
}
