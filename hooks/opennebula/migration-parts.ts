import { ownLines, programLines } from '../../src/adapters/local/line-channels.ts';
import { NO_PINFOLD, OLD_PINFOLD } from '../../src/app/opennebula/ask-destination.ts';
import type { LineChannel } from '../../src/app/ports.ts';
import { writeOut } from '../write-out.ts';

/**
 * ssh as OpenNebula's scripts call it, in the words of ssh_config(5): no question that nobody answers, ten seconds to be let
 * in, and a host that says nothing for a minute while memory is copied is gone.
 */
const SSH_OPTIONS = ['BatchMode=yes', 'ConnectTimeout=10', 'ServerAliveInterval=15', 'ServerAliveCountMax=4'];

/** The driver directory of Pinfold on this host, which is where it is on every other. */
function driverFolder(env: NodeJS.ProcessEnv): string {
  return env['PINFOLD_DRIVER_DIR'] ?? '/var/tmp/one/vmm/kvmpinfold';
}

/** The same as one word of a shell. */
function quotedFolder(env: NodeJS.ProcessEnv): string {
  return `'${driverFolder(env).replaceAll("'", "'\\''")}'`;
}

/** Pinfold on another host, over ssh. */
export function pinfoldOn(host: string, env: NodeJS.ProcessEnv): LineChannel {
  const quoted = quotedFolder(env);
  const command = `if [ -x ${quoted}/arrive ]; then exec ${quoted}/arrive; elif [ -d ${quoted} ]; then exit ${OLD_PINFOLD}; else exit ${NO_PINFOLD}; fi`;
  const options = SSH_OPTIONS.flatMap(option => ['-o', option]);
  return programLines(['ssh', ...options, '--', host, command]);
}

/** Whoever called this program. */
export function caller(): LineChannel {
  return ownLines(text => {
    writeOut(1, text);
  });
}

/**
 * How OpenNebula's migrate is brought to send the guest with this XML: by MIGRATE_OPTIONS, which it puts into its command
 * line, and, since a MIGRATE_OPTIONS in kvmrc replaces that of the environment (its load_env), by a `virsh` before the real
 * one on the PATH that adds `--xml` where it is missing. An older migrate, a shell script as migrate_local is, puts the
 * system's folders before any PATH (scripts_common.sh): for bash that `virsh` is a function, too, which bash takes from its
 * environment by this name.
 */
export function migrationEnvironment(file: string, env: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  return {
    MIGRATE_OPTIONS: `--xml ${file} ${env['MIGRATE_OPTIONS'] ?? ''}`.trim(),
    PINFOLD_TRAVEL_XML: file,
    'BASH_FUNC_virsh%%': `() { ${quotedFolder(env)}/pinfold/virsh "$@"; }`,
    PATH: `${driverFolder(env)}/pinfold:${env['PATH'] ?? '/usr/bin:/bin'}`,
  };
}
