import pc from 'picocolors';

import type { Refusal } from '../../domain/decision.ts';
import type { MapModel } from '../../formats/map/map-model.ts';
import { type Colors } from '../render/paint.ts';
import { renderMap } from '../render/render-map.ts';
import { renderRefusal } from '../render/render-refusal.ts';
import type { Check } from './check-node.ts';
import { type DemoGuest, EXPLAINED } from './demo-guests.ts';
import type { HookAnswer } from './demo-node.ts';
import { requestFile, type Room } from './make-room.ts';
import type { ProxmoxTask } from './proxmox-node.ts';
import { proxmoxLines } from './proxmox-story.ts';
import type { VerbAnswer } from './run-verb-on.ts';

/** All that happened in a demo. */
export interface DemoStory {
  readonly starts: readonly Call[];
  readonly stop: Call;
  readonly refused: Call;
  /** null when the engine would have placed the guest, which is a fault. */
  readonly refusal: Refusal | null;
  readonly model: MapModel;
  readonly checks: readonly Check[];
  /** Why a guest is where it is. */
  readonly explained: VerbAnswer;
  readonly room: Room;
  /** What ran on the Proxmox VE node. */
  readonly tasks: readonly ProxmoxTask[];
  /** Where the nodes are kept, or null. */
  readonly kept: { readonly opennebula: string; readonly proxmox: string } | null;
}

interface Call {
  readonly guest: DemoGuest;
  readonly answer: HookAnswer;
}

/** The story for a reader, at most 80 columns. */
export function demoText(story: DemoStory, color: boolean): string {
  const colors = pc.createColors(color);
  const title = (text: string) => colors.bold(text);
  return [
    `${title('Pinfold')} puts virtual machines on the right NUMA cells and CPUs.`,
    '',
    'This node is made up: two sockets, four cells, 64 CPUs, all of it files. Its',
    'kernel, QEMU and libvirt are stand-ins. The hook that places the guests is the',
    'real one, called as OpenNebula calls it.',
    '',
    title('Guests'),
    ...story.starts.map(call => callLine(call, 0, colors)),
    stopLine(story.stop, colors),
    callLine(story.refused, 1, colors),
    '',
    title('The node now, drawn from its /proc'),
    '',
    colors.dim('  One character is one CPU, a letter is a guest. Characters side by side are the'),
    colors.dim('  threads of one core; bars enclose a last-level cache; @2 is memory on cell 2.'),
    colors.dim('  Beside each cell stands how much of its memory and of its page pool is in use.'),
    '',
    renderMap(story.model, { color }).trimEnd(),
    '',
    title(`Why ${EXPLAINED} is where it is`),
    '',
    ...verbLines(story.explained, colors),
    '',
    title(`Why ${story.refused.guest.name} was refused`),
    '',
    ...(story.refusal === null ? ['  It was not.'] : renderRefusal(story.refusal)),
    '',
    ...roomLines(story, colors),
    '',
    title('A start on Proxmox VE'),
    '',
    '  On a second made-up node, in the order of Proxmox VE: the config is read once,',
    '  then pre-start, QEMU in its scope, post-start. This is what its task log says.',
    '',
    ...proxmoxLines(story.tasks, colors),
    '',
    ...checkLines(story.checks, colors),
    '',
    ...nextLines(story, title),
    '',
  ].join('\n');
}

/** The story as a document. */
export function demoDocument(story: DemoStory): string {
  const call = ({ guest, answer }: Call) => ({ vm: guest.name, wish: guest.wish, ...answer });
  const document = {
    kind: 'pinfold/demo',
    version: 1,
    ok: story.checks.every(({ fault }) => fault === null),
    kept: story.kept?.opennebula ?? null,
    keptProxmox: story.kept?.proxmox ?? null,
    starts: story.starts.map(call),
    stop: call(story.stop),
    refused: call(story.refused),
    refusal: story.refusal,
    explained: story.explained,
    room: { rebalance: story.room.rebalance, start: story.room.start && call(story.room.start) },
    guests: story.model.guests.map(({ name, vcpus, emulator, memory }) => ({
      vm: name,
      vcpus: vcpus.map(String),
      emulator: emulator.toString(),
      memory,
    })),
    tasks: story.tasks.map(({ command, guest, steps, error }) => ({ command, vm: guest.vmid, steps, error })),
    checks: story.checks,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** The plan that makes room, and the start after it. */
function roomLines({ room, refused }: DemoStory, colors: Colors): string[] {
  const start = room.start === null ? [] : ['', callLine(room.start, 0, colors)];
  return [
    colors.bold(`Room for ${refused.guest.name}`),
    '',
    '  CPUs enough are free, but not on one cell. This moves running guests, with',
    '  their memory; the price is told first.',
    '',
    ...verbLines(room.rebalance, colors),
    ...start,
  ];
}

function verbLines({ command, lines }: VerbAnswer, colors: Colors): string[] {
  return [colors.dim(`$ ${command}`), ...lines];
}

/** `✓ database   8 own CPUs …    61 ms`; a refusal that was to come is no failure. */
function callLine({ guest, answer }: Call, code: number, colors: Colors): string {
  const mark = answer.code !== code ? colors.red('✗') : code === 0 ? colors.green('✓') : colors.yellow('–');
  const what = code === 0 ? guest.wish : `${guest.wish}: refused`;
  return `  ${mark} ${guest.name.padEnd(10)} ${what.padEnd(55)}${colors.dim(`${answer.milliseconds} ms`.padStart(8))}`;
}

function stopLine({ guest, answer }: Call, colors: Colors): string {
  const mark = answer.code === 0 ? colors.green('✓') : colors.red('✗');
  const time = colors.dim(`${answer.milliseconds} ms`.padStart(8));
  return `  ${mark} ${guest.name.padEnd(10)} ${'stopped again; what it held is free'.padEnd(55)}${time}`;
}

function checkLines(checks: readonly Check[], colors: Colors): string[] {
  const faults = checks.filter(({ fault }) => fault !== null);
  if (faults.length > 0)
    return faults.map(({ what, fault }) => `${colors.red('✗')} Not so: ${what} (${fault ?? ''}).`);
  const threads = checks.flatMap(({ what }) => /^every vCPU thread.*\((\d+)\)$/.exec(what)?.[1] ?? []);
  return [
    `${colors.green('✓')} All ${checks.length} checks against /proc hold: each of ${threads.join()} vCPU threads is where it was`,
    '  decided, no CPU has two owners, memory lies on its cells.',
  ];
}

function nextLines({ kept, refused }: DemoStory, title: (text: string) => string): string[] {
  const self = 'node dist/pinfold.cjs';
  const request = requestFile(refused.guest);
  const lookAround =
    kept === null
      ? [`  ${self} demo --into try   keep these nodes and look around`]
      : [
          ...[kept.opennebula, kept.proxmox].map(root => `  ${self} status --root ${root}`),
          `  ${self} rebalance --for ${kept.opennebula}/${request} --root ${kept.opennebula}`,
          `  less ${kept.proxmox}/run/pinfold/effects.jsonl`,
          `  rm -r ${kept.opennebula} ${kept.proxmox}`,
        ];
  return [
    title('Next'),
    ...lookAround,
    `  ${self} status            this machine; changes nothing`,
    '  docs/concepts.md                         what all of this means',
    '  INSTALL.md                               the same on real hosts',
  ];
}
