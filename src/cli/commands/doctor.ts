import { accessSync, constants } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileLock } from '../../adapters/ledger/file-lock.ts';
import { FALLBACK_FOLDER, RUN_FOLDER } from '../../adapters/ledger/state-folder.ts';
import { localNode } from '../../adapters/local/local-node.ts';
import { diagnose } from '../../app/doctor/diagnose.ts';
import type { DoctorPlace } from '../../app/doctor/facts.ts';
import { gatherFacts } from '../../app/doctor/gather-facts.ts';
import { probeExclusivity } from '../../app/doctor/probe-exclusivity.ts';
import type { NodeLock } from '../../app/ports.ts';
import { AppError, EXIT } from '../../domain/app-error.ts';
import type { Diagnosis } from '../../domain/diagnosis.ts';
import { DOCTOR_FILES } from '../../adapters/node-access/node-files.ts';
import { withNode, type NodeChoice, type OpenedNode } from '../open-node.ts';
import { columnsToUse, print, wantsColor } from '../output.ts';
import { policyFolder } from '../policy-folder.ts';
import { withProgress } from '../with-progress.ts';
import { renderDoctor } from '../render/render-doctor.ts';

/** What the verb was called with. */
export interface DoctorOptions extends NodeChoice {
  readonly probe: boolean;
  readonly json: boolean;
}

/** A decision takes milliseconds: who waits longer than this for its lock waits for something that hangs. */
const LOCK_SECONDS = 2;

/** Prints what is right and wrong with the installation and the node; ends with 6 when a check fails. */
export async function doctorCommand(options: DoctorOptions): Promise<number> {
  if (options.probe && process.getuid?.() !== 0)
    throw new AppError(
      'probe-needs-root',
      EXIT.usage,
      '--probe makes a scope and a partition, which only root may: call it as root, or leave --probe out.',
    );
  const look = () => withNode({ ...options, further: DOCTOR_FILES }, opened => examine(opened, options));
  const diagnosis = await (options.node === undefined
    ? withProgress('looking at this node', options.probe ? 4 : 1, look)
    : look());
  const text = options.json
    ? `${JSON.stringify(diagnosis, null, 2)}\n`
    : renderDoctor(diagnosis, { color: wantsColor(), width: columnsToUse() });
  await print(text);
  return diagnosis.checks.some(({ state }) => state === 'fail') ? EXIT.partial : EXIT.done;
}

async function examine({ node, stateFolder }: OpenedNode, options: DoctorOptions): Promise<Diagnosis> {
  const place: DoctorPlace =
    options.node !== undefined ? 'remote' : options.root === undefined ? 'here' : 'tree';
  const folder = place === 'here' ? (process.env['PINFOLD_STATE_DIR'] ?? stateFolder) : stateFolder;
  const facts = await gatherFacts({
    node,
    place,
    policyFolder: policyFolder(node),
    stateFolder: folder,
    stateFolders: [...new Set([RUN_FOLDER, FALLBACK_FOLDER, folder])],
    lock: place === 'remote' ? null : nodeLock(`${options.root ?? ''}${folder}`),
    probe: options.probe
      ? () =>
          probeExclusivity({
            node: localNode(),
            lock: fileLock(`${folder}/cgroup-lock`, LOCK_SECONDS),
            mark: String(process.pid),
            wait: sleep,
          })
      : null,
  });
  return diagnose(facts);
}

/** The lock of decisions where its folder is there and may be written to; a doctor makes none. */
function nodeLock(folder: string): NodeLock | null {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return fileLock(`${folder}/lock`, LOCK_SECONDS);
  } catch {
    return null;
  }
}
