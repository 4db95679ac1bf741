import { join } from 'node:path';

import { EXIT } from '../../domain/app-error.ts';
import { hostPolicyOf } from '../../domain/node-policy.ts';
import { checkNode, type Check } from '../demo/check-node.ts';
import { DEMO_GUESTS, type DemoGuest, STOPPED, TOO_LARGE } from '../demo/demo-guests.ts';
import { DEMO_POLICY } from '../demo/demo-machine.ts';
import { type DemoNode, type HookAnswer, makeDemoNode } from '../demo/demo-node.ts';
import { demoDocument, demoText, type DemoStory } from '../demo/demo-story.ts';
import { explainRefusal } from '../demo/explain-refusal.ts';
import { checkProxmox } from '../demo/check-proxmox.ts';
import { SHOP, TRIAL } from '../demo/proxmox-guests.ts';
import { makeProxmoxNode, type ProxmoxNode } from '../demo/proxmox-node.ts';
import { print, wantsColor } from '../output.ts';
import { readMapModel } from '../render/read-map-model.ts';

/**
 * Shows what Pinfold does on nodes that exist only as files: starts guests through OpenNebula's real hook, stops one, has
 * one refused, draws the node from its /proc and checks every thread there; then does the same with Proxmox VE's on a
 * second node. Answers with exit code 0 only when all of it went as it should. Without `keep` nothing is left.
 */
export async function demoCommand(options: {
  readonly keep: boolean;
  readonly json: boolean;
}): Promise<number> {
  const demo = makeDemoNode(join(__dirname, 'hook-opennebula.cjs'));
  const pve = makeProxmoxNode(join(__dirname, 'hook-proxmox.cjs'));
  try {
    const told = play(demo);
    const { tasks, checks } = await playProxmox(pve);
    const kept = options.keep ? { opennebula: demo.root, proxmox: pve.root } : null;
    const story = { ...told, tasks, kept, checks: [...told.checks, ...checks] };
    await print(options.json ? demoDocument(story) : demoText(story, wantsColor()));
    return story.checks.every(({ fault }) => fault === null) ? EXIT.done : EXIT.internal;
  } finally {
    if (!options.keep) {
      demo.remove();
      pve.remove();
    }
  }
}

async function playProxmox(pve: ProxmoxNode): Promise<Pick<DemoStory, 'tasks' | 'checks'>> {
  const tasks = [await pve.start(SHOP), await pve.start(TRIAL), await pve.stop(TRIAL)];
  return { tasks, checks: checkProxmox(pve, tasks, { running: SHOP, stopped: TRIAL }) };
}

function play(demo: DemoNode): Omit<DemoStory, 'tasks' | 'kept'> {
  const starts = DEMO_GUESTS.map(guest => ({ guest, answer: demo.start(guest) }));
  const stopped = DEMO_GUESTS.find(({ name }) => name === STOPPED)!;
  const stop = { guest: stopped, answer: demo.stop(stopped) };
  const refused = { guest: TOO_LARGE, answer: demo.start(TOO_LARGE) };
  const refusal = explainRefusal(demo, TOO_LARGE);
  const model = readMapModel(demo.node, hostPolicyOf(DEMO_POLICY));
  const running = DEMO_GUESTS.filter(({ name }) => name !== STOPPED);
  return {
    starts,
    stop,
    refused,
    refusal,
    model,
    checks: [
      ...starts.map(({ guest, answer }) => went(`${guest.name} starts`, answer, 0)),
      went(`${stopped.name} stops`, stop.answer, 0),
      gone(
        stopped,
        demo,
        model.guests.map(({ name }) => name),
      ),
      went(`${TOO_LARGE.name} is refused`, refused.answer, 1),
      { what: 'the refusal can be explained', fault: refusal === null ? 'the engine would place it' : null },
      gone(
        TOO_LARGE,
        demo,
        model.guests.map(({ name }) => name),
      ),
      ...checkNode(demo, model, running),
    ],
  };
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
