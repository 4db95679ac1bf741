import { deploy } from './deploy.ts';
import { failure, runStock, type DriverAnswer, type DriverCall } from './driver-call.ts';
import { releaseAfter } from './release-after.ts';
import { repin } from './repin.ts';
import { restore } from './restore.ts';

/**
 * Answers one call of OpenNebula's driver. `release` and `repin` are no actions of the driver's: the
 * wrappers call them after OpenNebula's own script; `arrive` is called by Pinfold on another host, `facts` by the probe. Any other action is
 * OpenNebula's own.
 */
export function answerDriver(call: DriverCall): Promise<DriverAnswer> {
  switch (call.action) {
    case 'deploy':
      return deploy(call);
    case 'restore':
      return restore(call);
    case 'save':
    case 'cancel':
    case 'shutdown':
      return stockThen(call, releaseAfter);
    case 'resize':
    case 'snapshot_revert':
      return stockThen(call, repin);
    case 'release':
      return releaseAfter(call);
    case 'repin':
      return repin(call);
    case 'migrate':
    case 'migrate_local':
      return import('./departure.ts').then(({ depart }) => depart(call));
    case 'arrive':
      return import('./arrival.ts').then(({ arrive }) => arrive(call));
    case 'facts':
      return import('./host-facts.ts').then(({ hostFacts }) => hostFacts(call));
    case '':
      return Promise.resolve(
        failure(
          'No action was named: call hook-opennebula.cjs [--root DIR] ACTION ARGUMENTS, as the driver does.',
        ),
      );
    default:
      return runStock(call, call.stdin);
  }
}

/** OpenNebula's script does the work; what follows it never changes its outcome. */
async function stockThen(
  call: DriverCall,
  follow: (call: DriverCall) => Promise<DriverAnswer>,
): Promise<DriverAnswer> {
  const answer = await runStock(call, call.stdin);
  if (answer.code !== 0) return answer;
  const after = await follow(call);
  return { ...answer, stderr: `${answer.stderr}${after.stderr}` };
}
