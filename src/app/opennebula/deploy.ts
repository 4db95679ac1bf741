import { dirname } from 'node:path/posix';
import { chooseGuestTopology } from '../../engine/request/guest-topology.ts';
import { confirmed } from '../collect-garbage.ts';
import type { Start } from '../prepare-start.ts';
import { failure, runStock, withWarnings, type DriverAnswer, type DriverCall } from './driver-call.ts';
import { guestStart, type GuestStart } from './guest-start.ts';
import { launch } from './launch.ts';

/**
 * `deploy DEPLOYMENT_FILE HOST VM_ID HOST`, the domain XML on standard input, the VM in vm.xml beside the
 * deployment file. A VM without policy, or with pins of its own, goes to OpenNebula's script as it came.
 */
export async function deploy(call: DriverCall): Promise<DriverAnswer> {
  const file = call.args[0] ?? '';
  const unplaced = () => runStock(call, call.stdin);
  const vmXml = call.node.files.read(`${dirname(file)}/vm.xml`);
  if (vmXml === null && call.hasSection)
    return failure(
      `The VM has a PINFOLD section in ${dirname(file)}/vm.xml, but that file could not be read (it is longer than 8 MiB, or has just been removed), so the VM was not started: see what is there, then try again.`,
    );
  if (vmXml?.includes('<PINFOLD>') !== true) return unplaced();
  // flock(1) does its work while this process reads policy and XML.
  const turn = settle(() => call.ledger.acquire());
  try {
    const guest = await guestStart(call, { vmXml, domainXml: call.stdin });
    if (guest.kind === 'failed') return guest.answer;
    const start = guest.kind === 'ours' ? await startOf(guest, call.stdin) : null;
    if (guest.kind === 'foreign' || start === null) {
      await giveBack(turn);
      return withWarnings(await unplaced(), guest.warnings);
    }
    return await launch(call, {
      start: { ...start, marker: file },
      policy: guest.policy,
      warnings: guest.warnings,
      turn,
      placed: xml => runStock(call, xml),
      unplaced,
    });
  } finally {
    await giveBack(turn);
  }
}

/** What was asked for, as a promise that may be left alone: a refusal is told to whoever waits for it. */
function settle<T>(ask: () => Promise<T>): Promise<T> {
  const asked = new Promise<T>(resolve => {
    resolve(ask());
  });
  asked.catch(() => undefined);
  return asked;
}

function giveBack(turn: Promise<() => void>): Promise<void> {
  return turn.then(
    unlock => {
      unlock();
    },
    () => undefined,
  );
}

/** What every start of a guest has in common: its request, and how a placement gets into its XML. */
export async function startOf(
  guest: Extract<GuestStart, { kind: 'ours' }>,
  domainXml: string,
): Promise<Omit<Start, 'marker'>> {
  const { insertClaim, shapeDomain, spliceDomain, writeClaimMetadata } = await import('../xml-formats.ts');
  return {
    request: guest.request,
    onRefusal: guest.onRefusal,
    rewrite: (entry, spec) => {
      const { placement } = entry;
      // As it will be once the guest runs; the process is not part of a claim.
      const { claim } = confirmed(entry, '');
      const metadata = writeClaimMetadata(claim, {
        profile: guest.profile,
        onRefusal: guest.onRefusal,
        placement,
        request: entry.wished ?? entry.request,
      });
      const placed = spliceDomain(domainXml, placement, {
        atStart: true,
        lockedMemory: spec.lockedMemory,
        physicalAddress: spec.physicalAddress,
      });
      return insertClaim(placed, metadata);
    },
    reshape: ({ vcpus, topology: { preferred, maximum }, physicalAddress }) => {
      const asked = [...Object.values(preferred), ...Object.values(maximum)].some(count => count !== null);
      if (!asked && physicalAddress === null) return null;
      const topology = asked ? chooseGuestTopology(vcpus, { preferred, maximum }) : null;
      return shapeDomain(domainXml, { topology, physicalAddress });
    },
  };
}
