import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { mustRun } from '../kit/run-program.ts';
import type { Machine } from '../nested/machine.ts';
import { scriptOn } from '../nested/ssh.ts';
import type { Tally } from '../player/suite.ts';
import { judge, type Finding } from './judge.ts';
import { openTerminal } from './terminal.ts';
import { userCommands } from './user-commands.ts';

const STAND_INS = '/opt/stand-in/pinfold-suite';
const PRIVATE_NODE = '/opt/stand-in/usr/bin/node';
const LIBRARIES = '/opt/stand-in/usr/lib/x86_64-linux-gnu';
const EXIT_CODES = '/run/newcomer-codes';
const VM = '100';
/** apt unpacks Node.js in half a minute under TCG; any command takes thrice as long beside other work. */
const COMMAND_TIMEOUT_MS = 240_000;
const PHASE_SECONDS = 240;

/** What is needed for a trial, all on this machine. */
export interface Trial {
  readonly checkout: string;
  readonly machine: Machine;
  /** Folder of this run; the package lies in `delivery/package`. */
  readonly folder: string;
  /** Where the transcript is written. */
  readonly transcript: string;
}

/**
 * Does on a fresh node what INSTALL.md tells a newcomer, in a terminal, and looks behind their back at what came of it:
 *
 * 1. the node has neither Node.js nor anything of ours; the stand-ins of Proxmox VE and the package are brought in;
 * 2. each command of the page is typed as it stands there, each question answered with yes;
 * 3. every command must end well, and the kernel must hold each vCPU thread of the VM on one CPU of its own, which the
 *    last command's answer names.
 *
 * The transcript is written whatever comes of it.
 */
export async function playNewcomer(trial: Trial): Promise<readonly Finding[]> {
  const { machine } = trial;
  const inside = (script: string) => scriptOn(machine.ssh, script, { timeoutMs: 120_000 });
  await bringStandIns(trial);
  const before = await inside(
    'command -v node pinfold numactl; dpkg-query -W nodejs numactl pinfold 2> /dev/null; ls -d /etc/pve/pinfold /run/pinfold 2> /dev/null; true',
  );
  const commands = userCommands(readFileSync(join(trial.checkout, 'INSTALL.md'), 'utf8'));
  const terminal = await openTerminal(machine.ssh, EXIT_CODES);
  try {
    for (const command of commands) await terminal.type(command, COMMAND_TIMEOUT_MS);
  } finally {
    mkdirSync(dirname(trial.transcript), { recursive: true });
    writeFileSync(trial.transcript, `${terminal.text()}\n`);
    terminal.close();
  }
  // The first code is that of the shell before any command.
  const codes = (await inside(`cat ${EXIT_CODES}`)).trim().split('\n').slice(1);
  const threads = await inside(
    `for task in /proc/$(cat /var/run/qemu-server/${VM}.pid)/task/*; do echo "$(cat $task/comm):$(grep Cpus_allowed_list $task/status | cut -f2)"; done`,
  );
  return judge({ before, commands, codes, threads, text: terminal.text() });
}

/** Prints what was looked at and the transcript; each finding counts as one. */
export function tallyOf(findings: readonly Finding[], transcript: string): Tally {
  for (const { what, saw, good } of findings)
    process.stdout.write(`    ${good ? 'ok    ' : 'FAILED'} ${what}: ${saw === '' ? 'nothing' : saw}\n`);
  process.stdout.write(`  ${transcript}:\n${readFileSync(transcript, 'utf8').replace(/^/gm, '  | ')}\n`);
  const passed = findings.filter(({ good }) => good).length;
  process.stdout.write(`${passed} passed, ${findings.length - passed} failed\n`);
  return { passed, failed: findings.length - passed };
}

/** Brings the package to where root lands, and makes a node of Proxmox VE with VM 100 of the machine. */
async function bringStandIns({ checkout, machine, folder }: Trial): Promise<void> {
  const target = join(folder, 'stand-ins');
  for (const entry of ['proxmox/qm', 'proxmox/pvesh', 'newcomer/prepare-node'])
    await build({
      entryPoints: [join(checkout, `integration/${entry}.ts`)],
      outfile: join(target, `${entry.split('/')[1]!}.cjs`),
      bundle: true,
      platform: 'node',
      target: 'node18.18',
      format: 'cjs',
      logLevel: 'warning',
      // What the private Node.js needs must not reach the programs that it starts.
      banner: { js: 'delete process.env.LD_LIBRARY_PATH;' },
    });
  const packages = join(folder, 'delivery/package');
  const [name] = readdirSync(packages).filter(file => file.endsWith('.deb'));
  if (name === undefined) throw new Error(`There is no package in ${packages}.`);
  const packed = join(folder, 'newcomer.tar');
  await mustRun(['tar', '-cf', packed, '-C', target, '.', '-C', packages, name], { timeoutMs: 30_000 });
  const unpack = [
    `set -e; mkdir -p ${STAND_INS}; tar -C ${STAND_INS} --no-same-owner -xf -; mv ${STAND_INS}/${name} /root/`,
    `LD_LIBRARY_PATH=${LIBRARIES} ${PRIVATE_NODE} ${STAND_INS}/prepare-node.cjs ${STAND_INS} ${PHASE_SECONDS}`,
  ].join('\n');
  await scriptOn(machine.ssh, unpack, { timeoutMs: 120_000, stdin: readFileSync(packed) });
}
