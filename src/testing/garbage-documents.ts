import type { Host } from '../domain/host.ts';
import { hostOf } from '../machines/host-of.ts';
import { namedMachine } from '../machines/named-machines.ts';
import type { Dice } from './dice.ts';

/** A host that the garbage is made from: small, with every part that a host document can have. */
export const SOUND_HOST: Host = hostOf(
  namedMachine('laptop-1c'),
  { cpu_dedicated_set: '1-3', cpu_shared_set: '0', reserved_huge_pages: ['node:0,size:4,count:1024'] },
  [
    {
      vm: '100',
      source: 'leased',
      owner: '17:4711',
      expires: 1e9,
      cells: [
        {
          hostCell: 0,
          pcpus: '2-3',
          burnt: '3',
          sharedVcpus: 1,
          memoryMiB: 512,
          pageSizeKiB: null,
          pages: 9,
        },
      ],
      emulator: { policy: 'share', cpus: '0', share: 0 },
      devices: [],
    },
  ],
);

/** A request that fits on {@link SOUND_HOST}. */
export const SOUND_REQUEST = {
  kind: 'pinfold/request',
  version: 1,
  vm: '101',
  vcpus: 1,
  memoryMiB: 512,
  iothreads: 1,
  carrier: 'libvirt',
  extraSpecs: { 'hw:cpu_policy': 'dedicated', 'hw:emulator_threads_policy': 'share' },
  imageProperties: { hw_cpu_sockets: '1' },
} as const;

/** What stands in the place of a field. */
const STRANGE: readonly unknown[] = [
  null,
  true,
  -1,
  1.5,
  1e308,
  2 ** 53,
  '',
  'x'.repeat(5000),
  '0-99999999',
  '5-1,,',
  '\u0000\ud800',
  [],
  {},
  [[[]]],
  { toString: 1, constructor: null },
  JSON.parse('{"__proto__":{"vcpus":1}}'),
];

/** JSON that is none, or that means something else than it looks like. */
const TEXTS: readonly string[] = [
  'NaN',
  '{"vcpus":NaN}',
  'undefined',
  '[]',
  'null',
  '1e999',
  '""',
  '{"__proto__":{"kind":"pinfold/host"}}',
  '{"constructor":{"prototype":{"x":1}}}',
  '{"kind":"pinfold/request","kind":"pinfold/host"}',
  '{"host":{},"request":{}}',
  '\ufeff{}',
  "{'kind':'pinfold/host'}",
];

/** A document that is broken in one of many ways; now and then the break does no harm. Without line ends. */
export function garbage(dice: Dice, sound: unknown): Buffer {
  switch (dice(8)) {
    case 0:
      return randomBytes(dice);
    case 1: {
      const text = JSON.stringify(sound);
      return Buffer.from(text.slice(0, 1 + dice(text.length - 1)));
    }
    case 2:
      return Buffer.from(TEXTS[dice(TEXTS.length)]!);
    case 3: {
      const depth = 1 + dice(2000);
      const [open, close] = dice(2) === 0 ? ['[', ']'] : ['{"a":', '}'];
      return Buffer.from(open.repeat(depth) + (dice(2) === 0 ? '1' + close.repeat(depth) : ''));
    }
    case 4: {
      const bytes = Buffer.from(JSON.stringify(sound));
      for (let i = 0; i <= dice(4); i += 1) bytes[1 + dice(bytes.length - 1)] = 33 + dice(94);
      return bytes;
    }
    default:
      return Buffer.from(JSON.stringify(mutated(dice, sound)));
  }
}

function randomBytes(dice: Dice): Buffer {
  const bytes = Buffer.alloc(1 + dice(400));
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = dice(256);
  // Line ends would make two documents of one, and a line of blanks is none.
  for (let i = 0; i < bytes.length; i += 1) if (bytes[i] === 10 || bytes[i] === 13) bytes[i] = 0;
  bytes[0] = 33 + dice(94);
  return bytes;
}

/** The document with one field, at any depth, replaced, removed, doubled under another name, or added. */
function mutated(dice: Dice, sound: unknown): unknown {
  const copy = JSON.parse(JSON.stringify(sound)) as unknown;
  let at = copy as Record<string, unknown>;
  for (;;) {
    const keys = Object.keys(at);
    const key = keys[dice(keys.length)];
    const inner = key === undefined ? undefined : at[key];
    if (key !== undefined && typeof inner === 'object' && inner !== null && dice(4) > 0) {
      at = inner as Record<string, unknown>;
      continue;
    }
    change(dice, at, key ?? 'x');
    return copy;
  }
}

function change(dice: Dice, at: Record<string, unknown>, key: string): void {
  switch (dice(4)) {
    case 0:
      Reflect.deleteProperty(at, key);
      return;
    case 1:
      at[`${key}x`] = at[key];
      return;
    default:
      at[key] = STRANGE[dice(STRANGE.length)];
  }
}
