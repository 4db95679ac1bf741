import type { LedgerEntry } from '../../domain/ledger.ts';
import { isAlive } from '../../formats/proc/process-id.ts';
import { scopeDropInPath, writeScopeDropIn } from '../../formats/systemd/scope-drop-in.ts';
import { dropInOf } from '../proxmox/scope-files.ts';
import { allCpus } from '../proxmox/scope-settings.ts';
import type { RebalanceTools } from './rebalance-tools.ts';

/**
 * Lets what a running guest carries of its placement (the domain's metadata; on Proxmox VE the scope's drop-in) follow it,
 * so that a lost ledger can be rebuilt from what runs. A guest that carries nothing is left alone. What hinders it is told;
 * the guest is where it should be all the same.
 */
export async function carryClaim(tools: RebalanceTools, entry: LedgerEntry): Promise<void> {
  const hindrance = (await onDomain(tools, entry)) ?? onScope(tools, entry);
  if (hindrance !== null)
    tools.warn(
      `${entry.vm} carries its old placement (${hindrance}), which only counts when the ledger is lost: it is right again after its next start.`,
    );
}

async function onDomain(
  tools: RebalanceTools,
  { vm, claim, placement }: LedgerEntry,
): Promise<string | null> {
  const xml = (await tools.domains?.dumpXml(vm)) ?? null;
  if (xml === null) return null;
  const { CLAIM_NAMESPACE, CLAIM_PREFIX, readClaimMetadata, writeClaimMetadata } = await import(
    '../../formats/domain-xml/claim-metadata.ts'
  );
  try {
    const carried = readClaimMetadata(xml);
    if (carried === null) return null;
    const text = writeClaimMetadata(claim, { ...carried.extra, placement });
    return await tools.setMetadata(vm, { namespace: CLAIM_NAMESPACE, prefix: CLAIM_PREFIX, xml: text });
  } catch (error) {
    return error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
  }
}

function onScope({ node }: RebalanceTools, entry: LedgerEntry): string | null {
  const { vm, placement, process } = entry;
  const carried = dropInOf(node, vm);
  // A later start of the guest has written its own.
  const isOver = process === null || !isAlive(node.files, process);
  if (carried === null || placement === null || isOver) return null;
  const { settings } = carried;
  const own = {
    ...settings,
    allowedCpus: settings.allowedCpus === null ? null : allCpus(placement).toString(),
    allowedCells: settings.allowedCells === null ? null : placement.nodeset,
  };
  try {
    node.writeAtomically(scopeDropInPath(vm), writeScopeDropIn({ ...carried, entry, settings: own }), 0o644);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
  }
}
