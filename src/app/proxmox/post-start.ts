import type { LedgerEntry } from '../../domain/ledger.ts';
import type { ScopeDropIn } from '../../formats/systemd/scope-drop-in.ts';
import { confirmed } from '../collect-garbage.ts';
import { withEntry } from '../prepare-start.ts';
import { describeRunning } from './describe-running.ts';
import { leftMasks, unmask } from './birth-mask.ts';
import { SILENT, warningLines, logLine, type HookAnswer, type HookCall } from './hook-call.ts';
import { keepToItself } from './keep-to-itself.ts';
import { bringMemoryHome } from './bring-memory-home.ts';
import { findQemu, type RunningQemu } from './find-qemu.ts';
import { pinThreads } from './pin-threads.ts';
import { dropInOf } from './scope-files.ts';
import { settleScope } from './settle-scope.ts';

/**
 * `post-start`: makes sure that the guest is where it was decided, thread by thread, and answers what is not.
 *
 * 1. Take the mask off the worker.
 * 2. Find QEMU; see that its scope was born with the drop-in, and set what it missed.
 * 3. Pin each vCPU, the iothreads with CPUs of their own and all other threads; pin again what exclusivity has undone.
 * 4. Bring pages home that were touched elsewhere.
 * 5. The lease becomes the claim of that process.
 *
 * The guest runs, so nothing here fails the phase.
 */
export async function postStart(call: HookCall): Promise<HookAnswer> {
  const place = { node: call.node, stateFolder: call.folders.state };
  const masks = leftMasks(place, call.worker.process, vm => vm === call.vmid);
  const warnings = [...(await unmask(call.node, masks))];
  call.at('unmasked');
  const dropIn = dropInOf(call.node, call.vmid);
  if (dropIn?.entry.placement == null)
    return warnings.length === 0 ? SILENT : { code: 0, lines: warningLines(warnings) };
  const qemu = findQemu(call.node.files, call.vmid);
  if (qemu === null)
    return {
      code: 0,
      lines: warningLines([
        ...warnings,
        `No QEMU process of VM ${call.vmid} was found after its start, so its threads were not pinned: run "pinfold reconcile" when it is up.`,
      ]),
    };
  const { sentences, warnings: more } = await enforce(call, qemu, dropIn);
  call.at('enforced');
  const late = await confirm(call, dropIn.entry, qemu);
  return {
    code: 0,
    lines: [...warningLines([...warnings, ...more, ...late]), ...sentences.map(logLine)],
  };
}

async function enforce(
  call: HookCall,
  qemu: RunningQemu,
  dropIn: ScopeDropIn,
): Promise<{ readonly sentences: readonly string[]; readonly warnings: readonly string[] }> {
  const { entry, settings } = dropIn;
  const placement = entry.placement!;
  const scope = await settleScope(call, qemu, settings);
  call.at('settled');
  const pinned = await pinThreads(call, qemu, placement);
  call.at('pinned');
  const alone = await keepToItself(call, { qemu, dropIn, delegated: scope.delegated });
  call.at('exclusive');
  const again = alone.repin ? await pinThreads(call, qemu, placement) : [];
  const home = await bringMemoryHome(call, qemu, settings.allowedCells);
  call.at('moved');
  const astray = [...pinned, ...again];
  return {
    sentences: [
      ...(astray.length === 0 ? [describeRunning(call.vmid, qemu.pid, call.node)] : []),
      ...alone.sentences,
    ],
    warnings: [...scope.warnings, ...pinned, ...alone.warnings, ...again, ...home],
  };
}

async function confirm(call: HookCall, entry: LedgerEntry, qemu: RunningQemu): Promise<readonly string[]> {
  const unlock = await call.ledger.acquire();
  try {
    const { ledger, warning } = call.ledger.read();
    call.ledger.write(withEntry(ledger, confirmed(entry, qemu.process)));
    return warning === null ? [] : [warning];
  } finally {
    unlock();
  }
}
