import { isAlive, pidOf, readBootId, runsWithArgument } from '../formats/proc/process-id.ts';
import type { ProcessId } from '../domain/ledger.ts';
import { readQemuProcesses } from '../formats/proc/qemu-processes.ts';
import { collectGarbage } from './collect-garbage.ts';
import { sweepDecisionRecords } from './decision-records.ts';
import type { LedgerStore, NodePort } from './ports.ts';

/**
 * Gives back what no longer runs: the claims of processes that are gone and, when `vm` is given, the lease that the owner
 * has for it (a start of its own that failed). A guest that still runs keeps its claim, whatever the caller believes, and
 * another start of the same guest keeps its lease.
 */
export async function release(
  tools: {
    readonly node: NodePort;
    readonly ledger: LedgerStore;
    readonly owner: ProcessId;
    readonly stateFolder: string;
  },
  vm: string | null,
): Promise<readonly string[]> {
  const unlock = await tools.ledger.acquire();
  try {
    const { files } = tools.node;
    const { ledger, warning } = tools.ledger.read();
    const running = {
      boot: readBootId(files),
      nowSeconds: Math.floor(Date.now() / 1000),
      qemus: readQemuProcesses(files),
      isAlive: (process: string) => isAlive(files, process),
      isLaunching: (marker: string) => runsWithArgument(files, marker, pidOf(tools.owner)),
    };
    const entries = ledger.entries.filter(
      entry => entry.vm !== vm || entry.process !== null || entry.claim.owner !== tools.owner,
    );
    const left = collectGarbage({ ...ledger, entries }, running).ledger;
    tools.ledger.write(left);
    sweepDecisionRecords(tools.node, tools.stateFolder, left);
    return warning === null ? [] : [warning];
  } finally {
    unlock();
  }
}
