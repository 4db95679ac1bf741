/**
 * `npm run test:libvirt`: the scenarios for this machine, on its own CPUs (two are enough), with a libvirtd of the
 * suite's own. Needs root. `npm run test:libvirt -- NAME…` plays only these, and then cannot pass as a suite.
 */
import { existsSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { probeAccelerator } from '../kit/accelerator.ts';
import { installPackages } from '../kit/apt.ts';
import { DIES_WITH_US } from '../kit/child-of-ours.ts';
import { debianKernel } from '../kit/debian-kernel.ts';
import { killGroup, runProgram } from '../kit/run-program.ts';
import { Steps } from '../kit/steps.ts';
import { workFolder } from '../kit/work-folder.ts';
import { bundlePlayer } from '../player/bundle-player.ts';
import { copyDelivery } from '../player/delivery.ts';
import type { PlayerSettings } from '../player/play.ts';
import { isGood, readOutcomes, report, scenariosFor } from '../player/suite.ts';
import { onlineCpus } from '../player/host-facts.ts';
import { PACKAGES, PROBE_PACKAGES } from './packages.ts';

const HOST = 'this-machine';
const SUITE_TIMEOUT_MS = 600_000;

/** The process that leads the private host, while scenarios are played. */
let playing: number | undefined;

async function main(): Promise<boolean> {
  const checkout = process.env['PINFOLD_CHECKOUT'] ?? process.cwd();
  const folder = workFolder('libvirt');
  const cgroups = machineCgroups();
  const cleanUp = () => {
    rmSync(folder, { recursive: true, force: true });
    for (const left of machineCgroups().filter(path => !cgroups.includes(path))) removeEmptyTree(left);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      // With the namespace goes all that runs in it; then the steps below come to their end by themselves.
      if (playing === undefined) {
        cleanUp();
        process.exit(130);
      }
      killGroup(playing);
    });
  try {
    return await play(checkout, folder);
  } finally {
    cleanUp();
  }
}

async function play(checkout: string, folder: string): Promise<boolean> {
  const steps = new Steps();
  process.stdout.write('integration/libvirt: OpenNebula driver calls on this machine\n');
  if (process.getuid?.() !== 0)
    throw new Error('The suite installs packages and starts libvirtd: run it as root.');
  if (onlineCpus().length < 2)
    throw new Error(`The scenarios need 2 CPUs; this machine has ${onlineCpus().length}.`);
  const delivery = join(folder, 'delivery');
  copyDelivery(checkout, delivery);
  await steps.step('install libvirt and QEMU from Debian', () => installPackages(PACKAGES));
  const accelerator = await steps.step('probe KVM by booting a kernel with it', () =>
    probeAccelerator(async () => {
      await installPackages(PROBE_PACKAGES);
      return debianKernel();
    }),
  );
  process.stdout.write(`  guests run under ${accelerator.name}: ${accelerator.because}\n`);
  const player = join(folder, 'player.cjs');
  await steps.step('bundle the scenarios', () => bundlePlayer(checkout, player));
  const wanted = scenariosFor(checkout, player, HOST);
  const asked = process.argv.slice(2);
  const settings: PlayerSettings = {
    host: HOST,
    scenarios: asked.length === 0 ? wanted : asked,
    domainType: accelerator.name === 'kvm' ? 'kvm' : 'qemu',
    delivery,
    remotes: join(delivery, 'integration/opennebula/remotes'),
    user: null,
    hookSettings: {},
    results: join(folder, 'results.json'),
    damage: null,
    privateHost: join(checkout, 'integration/libvirt/private-host.sh'),
    half: 'first',
  };
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings));
  await steps.step('play the scenarios', () =>
    runProgram(
      [
        ...DIES_WITH_US,
        ...['unshare', '--mount', '--pid', '--fork', '--kill-child=KILL', '--mount-proc'],
        ...['--propagation', 'private', '--', join(checkout, 'integration/libvirt/private-host.sh')],
        ...[join(folder, 'libvirtd.log'), process.execPath, player, join(folder, 'settings.json')],
      ],
      {
        timeoutMs: SUITE_TIMEOUT_MS,
        onOutput: text => process.stdout.write(text),
        onStart: pid => {
          playing = pid;
        },
      },
    ),
  );
  return isGood(report(wanted, readOutcomes(settings.results)));
}

/** libvirt's cgroups on this machine; they are empty folders once the domains are gone. */
function machineCgroups(): string[] {
  const base = '/sys/fs/cgroup';
  if (!existsSync(base)) return [];
  return ['', ...readdirSync(base)]
    .flatMap(controller => ['machine', 'machine.slice'].map(name => join(base, controller, name)))
    .filter(path => existsSync(path));
}

function removeEmptyTree(path: string): void {
  try {
    for (const child of readdirSync(path, { withFileTypes: true }))
      if (child.isDirectory()) removeEmptyTree(join(path, child.name));
    rmdirSync(path);
  } catch {
    // In use by somebody else after all.
  }
}

main()
  .then(passed => {
    process.exitCode = passed ? 0 : 1;
  })
  .catch((error: unknown) => {
    process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n0 passed, 1 failed\n`);
    process.exitCode = 1;
  });
