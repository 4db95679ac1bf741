import type { Capture } from '../domain/capture.ts';
import type { Claim } from '../domain/claim.ts';
import type { Host } from '../domain/host.ts';
import type { PlacementRequest } from '../domain/placement-request.ts';
import type { NodePort } from './ports.ts';

/** The longest version that is kept, in characters. */
const LONGEST_VERSION = 100;
/** QEMU's own answer takes some 30 ms. */
const QEMU_TIMEOUT_MS = 5000;

/**
 * Packs a node for a bug report. `program` are the versions of Pinfold itself. Of the claims' owners (processes of that
 * moment) nothing is kept.
 */
export async function captureNode(
  node: NodePort,
  known: {
    readonly host: Host;
    readonly requests: Readonly<Record<string, PlacementRequest>>;
    readonly program: Readonly<Record<string, string>>;
  },
): Promise<Capture> {
  return {
    ...known.host,
    claims: known.host.claims.map(withoutOwner),
    versions: { ...known.program, ...(await versionsOf(node)) },
    requests: known.requests,
  };
}

function withoutOwner(claim: Claim): Claim {
  const copy: { -readonly [Key in keyof Claim]: Claim[Key] } = { ...claim };
  delete copy.owner;
  delete copy.expires;
  return copy;
}

async function versionsOf(node: NodePort): Promise<Readonly<Record<string, string>>> {
  const kernel = node.files.read('/proc/sys/kernel/osrelease');
  const system = /^PRETTY_NAME="?([^"\n]*)/m.exec(node.files.read('/etc/os-release') ?? '')?.[1];
  const qemu = await node.run(['qemu-system-x86_64', '--version'], { timeoutMs: QEMU_TIMEOUT_MS });
  const said: readonly (readonly [string, string | null | undefined])[] = [
    ['kernel', kernel],
    ['system', system],
    ['qemu', qemu.code === 0 ? qemu.stdout.split('\n')[0] : null],
  ];
  return Object.fromEntries(
    said.flatMap(([name, text]) => {
      const version = text?.trim().slice(0, LONGEST_VERSION) ?? '';
      return version === '' ? [] : [[name, version]];
    }),
  );
}

/**
 * The same capture without the operator's names: the node becomes `node`, guests `vm-1`, `vm-2`, … in the order of their
 * claims, devices keep their addresses.
 */
export function renamed(capture: Capture): Capture {
  const names = new Map<string, string>();
  for (const vm of [...capture.claims.map(claim => claim.vm), ...Object.keys(capture.requests)])
    if (!names.has(vm)) names.set(vm, `vm-${names.size + 1}`);
  return {
    ...capture,
    topology: { ...capture.topology, host: 'node' },
    claims: capture.claims.map(claim => ({ ...claim, vm: names.get(claim.vm)! })),
    requests: Object.fromEntries(
      Object.entries(capture.requests).map(([vm, request]) => [
        names.get(vm)!,
        { ...request, vm: names.get(vm)! },
      ]),
    ),
  };
}
