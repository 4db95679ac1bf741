import { counted } from '../../../domain/counted.ts';
import type { DoctorFacts } from '../facts.ts';
import { fail, named, ok, skip, warn, type Outcome } from '../outcome.ts';

/** package.json, `engines`. */
const LEAST_NODE = [18, 18] as const;
const TREE = 'A tree has no programs to ask.';

/** Whether the hooks' Node.js is new enough. */
export function nodeVersion({ installation: { nodeVersion: version } }: DoctorFacts): Outcome {
  if (version === null) return skip(TREE);
  const [, major = '0', minor = '0'] = /^v(\d+)\.(\d+)\./.exec(version) ?? [];
  const remedy =
    'Install Debian\'s package nodejs (18.18 or newer), with which the hooks are called: "apt install nodejs".';
  if (version === '')
    return fail('No program "node" answers on the path that hooks have, so no placement is made.', remedy);
  const isNew =
    Number(major) > LEAST_NODE[0] || (Number(major) === LEAST_NODE[0] && Number(minor) >= LEAST_NODE[1]);
  if (isNew) return ok(`Node.js ${version} runs the hooks.`);
  return fail(`Node.js ${version} is older than 18.18, which the hooks need.`, remedy);
}

/** Whether the bundles are where the orchestrators' scripts look for them. */
export function engine({ installation: { engines }, proxmox, openNebula }: DoctorFacts): Outcome {
  if (engines.length === 0)
    return skip(
      proxmox === null && openNebula === null
        ? 'There is no orchestrator on this machine.'
        : 'This machine starts no VMs.',
    );
  const missing = engines.filter(({ present }) => !present).map(({ path }) => path);
  if (missing.length === 0) return ok(`The hook is in ${named(engines.map(({ path }) => path))}.`);
  return fail(
    `${named(missing)} ${missing.length === 1 ? 'is' : 'are'} missing, so starts are not placed, and those of strict VMs are refused.`,
    proxmox === null
      ? 'Run hooks/opennebula/install on the front-end, then "onehost sync --force".'
      : 'Install the package again: "apt install --reinstall pinfold".',
  );
}

/** Which folder holds the state, and that there is only one. */
export function stateFolder({ installation }: DoctorFacts): Outcome {
  const { stateFolder: folder, hasStateFolder, ledgers } = installation;
  if (ledgers.length > 1)
    return fail(
      `Both ${named(ledgers)} hold a ledger, so two starts may not know of each other.`,
      `Stop what writes to the one that is not ${folder} (another PINFOLD_STATE_DIR, or a user who cannot write to it), then remove it.`,
    );
  if (hasStateFolder) return ok(`The state is in ${folder}.`);
  return ok(`${folder} will hold the state; the first start makes it.`);
}

/** Whether the lock of all decisions can be had. */
export function nodeLock({
  place,
  installation: { lockProblem, stateFolder: folder, hasStateFolder },
}: DoctorFacts): Outcome {
  if (lockProblem === undefined && place !== 'remote' && !hasStateFolder)
    return ok(`There is no ${folder} yet, so nobody holds its lock.`);
  if (lockProblem === undefined)
    return skip(
      place === 'here'
        ? `Only who may write to ${folder} can take the lock there.`
        : 'The lock is tried on the node itself.',
      place === 'here' ? 'Run pinfold doctor as root.' : null,
    );
  if (lockProblem === null) return ok(`The lock in ${folder} can be taken.`);
  return fail(
    lockProblem,
    'Starts wait for it in vain until that is mended: see who holds it with "lslocks".',
  );
}

/** Whether drift is looked for every minute. */
export function reconcileTimer({ place, installation: { timer } }: DoctorFacts): Outcome {
  if (timer === null) return skip(place === 'tree' ? TREE : 'systemd does not answer here.');
  if (timer.isActive) return ok('pinfold-reconcile.timer looks every minute whether all is as decided.');
  return warn(
    timer.isLoaded
      ? 'pinfold-reconcile.timer is installed and does not run, so nobody notices vCPUs that are plugged in or moved by hand.'
      : 'There is no pinfold-reconcile.timer, so nobody notices vCPUs that are plugged in or moved by hand.',
    timer.isLoaded
      ? 'Run "systemctl enable --now pinfold-reconcile.timer".'
      : 'Copy both files of templates/systemd to /etc/systemd/system, then run "systemctl enable --now pinfold-reconcile.timer".',
  );
}

/** What guests and starts that are gone have left. */
export function leftovers({ installation: { leftovers: left } }: DoctorFacts): Outcome {
  if (left.length === 0) return ok('Nothing is left of guests that are gone.');
  return warn(
    `${counted(left.length, 'thing')} ${left.length === 1 ? 'is' : 'are'} left of guests that are gone: ${named(left)}.`,
    'Run "pinfold reconcile", and remove by hand what then still stands there.',
  );
}
