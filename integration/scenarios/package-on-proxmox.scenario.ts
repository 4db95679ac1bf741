import { existsSync, readdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Diagnosis } from '../../src/domain/diagnosis.ts';
import { runProgram, type ProgramEnd } from '../kit/run-program.ts';
import { liveThreads } from '../player/live-threads.ts';
import { ONE_CELL, OPERATOR } from './proxmox-operator.ts';
import type { Scenario } from './scenario.ts';

/** A program of Node.js takes up to five seconds inside, dpkg with its scripts several of them. */
const TIMEOUT_MS = 240_000;
/** Where a package could leave something; dpkg's own records and what the machine itself writes left out. */
const WATCHED = [
  '/etc',
  '/usr',
  '/var/lib/vz',
  '/var/lib/systemd',
  '/run/pinfold',
  '/run/systemd/system',
  '/run/systemd/transient',
];

export const scenario: Scenario = {
  starts:
    'the Debian package on a fresh node, as its administrator would: install, doctor, attach, start, detach, remove',
  sees: [
    'no check of the doctor fails, and both trials work: a partition, and a drop-in made just before its scope',
    'the timer runs, and so does reconcile inside its sandbox',
    'a VM that was attached starts on CPUs of its own, and is as before when it is detached',
    'removing it under a guest that runs gives its CPUs back, leaves it on its pins, and says that it is attached',
    'removing and purging leave no file and no unit',
  ],
  isLong: true,
  hosts: ['trixie'],
  proxmox: OPERATOR,
  async play(stage) {
    const pve = stage.proxmox;
    const run = (...argv: readonly string[]): Promise<ProgramEnd> =>
      runProgram(argv, { timeoutMs: TIMEOUT_MS });
    const must = async (...argv: readonly string[]): Promise<string> => {
      const end = await run(...argv);
      stage.holds(
        `${argv.slice(0, 3).join(' ')} ends well`,
        end.code === 0,
        `${end.code ?? 'killed'} ${end.stderr.trim().slice(-600)}`,
      );
      return end.stdout;
    };
    // The suite's own way of putting it there.
    for (const path of ['/usr/share/pinfold', '/var/lib/vz/snippets/pinfold', '/run/pinfold'])
      rmSync(path, { recursive: true, force: true });
    const before = filesBelow(WATCHED);

    await must('dpkg', '-i', pve.packageFile);
    const doctor = await run('pinfold', 'doctor', '--probe', '--json');
    const { checks } = JSON.parse(doctor.stdout) as Diagnosis;
    for (const { id, state, reason } of checks.filter(
      check => check.state !== 'ok' && check.state !== 'skip',
    ))
      stage.say(`${state} ${id}: ${reason}`);
    stage.check(
      'checks of the doctor that fail',
      checks.filter(({ state }) => state === 'fail').map(({ id, reason }) => [id, reason]),
      [],
    );
    for (const id of [
      'node-version',
      'engine',
      'snippet',
      'node-lock',
      'reconcile-timer',
      'partitions',
      'systemd-nudge',
    ])
      stage.check(`check ${id}`, checks.find(check => check.id === id)?.state, 'ok');
    stage.check('exit code of the doctor', doctor.code, 0);
    stage.check(
      'what the trial left',
      filesBelow(['/run/systemd/system']).filter(path => path.includes('probe')),
      [],
    );

    await must('systemctl', 'start', 'pinfold-reconcile.service');
    pve.configure(160, { cores: ONE_CELL['cores']!, memory: 64 });
    const config = pve.config(160);
    await must('pinfold', 'attach', '160', '--profile', 'database', '--yes');
    await pve.mustQm('start', 160);
    pve.agrees(160, 2);
    await pve.mustQm('stop', 160);
    await pve.gone(160);

    await pve.mustQm('start', 160);
    const { pid } = pve.agrees(160, 2);
    const pins = (): readonly unknown[] =>
      liveThreads(pid)
        .filter(({ role }) => role === 'vcpu')
        .map(({ cpus }) => cpus);
    const before160 = pins();
    const removed = await run('dpkg', '-r', 'pinfold');
    stage.holds('removing names the VM', removed.stderr.includes('hook script: 160. '), removed.stderr);
    stage.check('pins of its vCPUs', pins(), before160);
    stage.check('its group of vCPUs', existsSync('/sys/fs/cgroup/qemu.slice/160.scope/vcpus'), false);
    stage.check('its drop-in', existsSync('/run/systemd/system/160.scope.d'), false);
    stage.check('the hook script', existsSync('/var/lib/vz/snippets/pinfold'), true);
    await pve.mustQm('stop', 160);
    const strict = await pve.qm('start', 160);
    stage.holds(
      'a strict VM does not start without the engine, and says why',
      strict.code !== 0 && `${strict.stdout}${strict.stderr}`.includes('its policy is strict'),
      strict.code,
    );
    await must('dpkg', '-i', pve.packageFile);
    await must('pinfold', 'detach', '160', '--yes');
    stage.check('the VM when it is detached', pve.config(160), config);

    await must('dpkg', '-r', 'pinfold');
    await must('dpkg', '-P', 'pinfold');
    stage.check(
      'what is left of the package',
      filesBelow(WATCHED).filter(path => !before.includes(path)),
      [],
    );
    const units = await run('systemctl', 'list-units', '--all', '--no-legend', '--plain', 'pinfold*');
    stage.check('units of the package', units.stdout.trim(), '');
    stage.check(
      'what the node says of itself',
      existsSync(`/etc/pve/pinfold/installed/${hostname()}`),
      false,
    );
  },
};

/** Every file and folder below these, the operator's own left out. */
function filesBelow(folders: readonly string[]): string[] {
  return folders.flatMap(folder =>
    existsSync(folder)
      ? readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
          const path = join(folder, entry.name);
          if (path.startsWith('/etc/pve/')) return [];
          return entry.isDirectory() ? [path, ...filesBelow([path])] : [path];
        })
      : [],
  );
}
