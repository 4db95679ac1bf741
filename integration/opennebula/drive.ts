/**
 * Stand-in for OpenNebula's one_vmm_exec: does on a host what the driver does there, so that the scripts under test
 * cannot tell the difference. The fact behind each behaviour (OpenNebula 6.2 to 7.5, `src/…`):
 *
 * - The domain is read into memory before anything else happens (vmm_mad/exec/one_vmm_exec.rb, deploy).
 * - One shell stream per action, all its commands in it, in order (mad/ruby/ssh_stream.rb).
 * - Before the script: `/bin/mkdir -p DIR`, then `/bin/cat - >DIR/vm.xml` and `DIR/ds.xml`, DIR being the deployment
 *   file's folder (deploy steps; no extra arguments on these three).
 * - Every parameter in single quotes, then ` VMID HOST` without (get_parameters; OpenNebulaDriver.rb, do_action).
 * - deploy gets the domain on standard input, every other action the whole driver message (execute_steps), each
 *   through `cat << 'EOT' | SCRIPT`, which adds one line end.
 * - First a check that the script is executable; if not it answers 42 and the driver copies all remotes to the host
 *   (SshStreamCommand.run, MAGIC_RC). A script's own exit code 42 has no meaning here.
 * - Exit 0: standard output is the answer, its first word the deploy id (VirtualMachineManagerProtocol.cc). Else
 *   FAILURE with what standard error says: lines `ERROR:|INFO:|WARN:|DEBUG: …` go to the VM's log, all others are
 *   stripped and joined without a separator, `ExitCode: N` last (DriverExecHelper.rb).
 * - Scripts are those of `SCRIPTS_REMOTE_DIR/vmm/DIRECTORY`, DIRECTORY being the word in VM_MAD's ARGUMENTS.
 * - deploys of one host run in parallel, up to 15 (VM_MAD option -p); this module does not serialise either.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DriverStream, MAGIC_CODE } from './driver-stream.ts';
import { datastoreXml, driverMessage, vmFolder, vmXml, type GuestTemplate } from './template.ts';

/** The host that the driver works on, which is this machine. */
export interface DrivenHost {
  readonly name: string;
  /** The front-end's master copy of the remotes. */
  readonly remotes: string;
  /** SCRIPTS_REMOTE_DIR. */
  readonly scripts: string;
  /** The word in VM_MAD's ARGUMENTS: `kvm`, or `kvmpinfold`. */
  readonly directory: string;
  /** The user that OpenNebula logs in as, to whom all belongs that it copies here; null: whoever plays. */
  readonly user: string | null;
  /** The shell as sshd starts it for that user. */
  readonly shell: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Folder of the front-end's own files (deployment.N). */
  readonly frontEnd: string;
}

/** What oned learns. */
export interface ActionEnd {
  readonly result: 'SUCCESS' | 'FAILURE';
  /** First word of standard output; empty on failure. */
  readonly deployId: string;
  /** What the user reads: the script's standard output, or the failure text. */
  readonly info: string;
  readonly log: readonly string[];
  readonly millis: number;
}

/** A script's longest time; deploys of the nested host run under TCG, several at once. */
const SCRIPT_TIMEOUT_MS = 300_000;

const LOG_LINE = /^(ERROR|INFO|WARN|DEBUG):/;

/** The driver's DEPLOY: writes deployment.N as oned does, then all the host's steps. */
export async function deploy(host: DrivenHost, guest: GuestTemplate, domain: string): Promise<ActionEnd> {
  const localFile = `${host.frontEnd}/vms/${guest.id}/deployment.0`;
  mkdirSync(dirname(localFile), { recursive: true });
  writeFileSync(localFile, domain);
  const inMemory = readFileSync(localFile, 'utf8');
  const folder = vmFolder(guest.id);
  const script = scriptLine(host, 'deploy', [`${folder}/deployment.0`, host.name], guest.id);
  return inStream(host, async action => {
    const prepared =
      (await action.command(`/bin/mkdir -p '${folder}'`, '')) &&
      (await action.command(`/bin/cat - >${folder}/vm.xml`, vmXml(guest, host.name))) &&
      (await action.command(`/bin/cat - >${folder}/ds.xml`, datastoreXml()));
    if (prepared) await action.command(script, inMemory);
  });
}

/** The driver's CANCEL: the domain is destroyed. */
export function cancel(host: DrivenHost, guest: GuestTemplate, deployId: string): Promise<ActionEnd> {
  return simple(host, { guest, deployId, action: 'cancel', parameters: [deployId, host.name] });
}

/** The driver's SHUTDOWN: the guest is asked to end. */
export function shutdown(host: DrivenHost, guest: GuestTemplate, deployId: string): Promise<ActionEnd> {
  return simple(host, { guest, deployId, action: 'shutdown', parameters: [deployId, host.name] });
}

/** The driver's SAVE: suspend or stop, and the first half of a cold migration. */
export function save(host: DrivenHost, guest: GuestTemplate, deployId: string): Promise<ActionEnd> {
  const parameters = [deployId, checkpointOf(guest), host.name];
  return simple(host, { guest, deployId, action: 'save', parameters });
}

/** The driver's RESTORE: resume, and the second half of a cold migration. */
export function restore(host: DrivenHost, guest: GuestTemplate, deployId: string): Promise<ActionEnd> {
  const parameters = [checkpointOf(guest), host.name, deployId];
  return simple(host, { guest, deployId, action: 'restore', parameters });
}

/** The driver's MIGRATE, on the host that the guest leaves (one_vmm_exec.rb: deploy id, destination, source). */
export function migrate(
  host: DrivenHost,
  guest: GuestTemplate,
  { deployId, destination }: { readonly deployId: string; readonly destination: string },
): Promise<ActionEnd> {
  const parameters = [deployId, destination, host.name];
  return simple(host, { guest, deployId, action: 'migrate', parameters });
}

function checkpointOf(guest: GuestTemplate): string {
  return `${vmFolder(guest.id)}/checkpoint`;
}

function simple(
  host: DrivenHost,
  what: {
    readonly guest: GuestTemplate;
    readonly deployId: string;
    readonly action: string;
    readonly parameters: readonly string[];
  },
): Promise<ActionEnd> {
  const message = driverMessage(what.guest, {
    host: host.name,
    deployId: what.deployId,
    localFile: `${host.frontEnd}/vms/${what.guest.id}/deployment.0`,
    checkpoint: checkpointOf(what.guest),
  });
  return inStream(host, async action => {
    await action.command(scriptLine(host, what.action, what.parameters, what.guest.id), message);
  });
}

function scriptLine(host: DrivenHost, action: string, parameters: readonly string[], id: number): string {
  const quoted = parameters.map(parameter => `'${parameter}'`).join(' ');
  return `${host.scripts}/vmm/${host.directory}/${action} ${quoted} ${id} ${host.name}`;
}

interface Action {
  /** Runs one command of the action; false when it failed, which ends the action. */
  command(line: string, input: string): Promise<boolean>;
}

async function inStream(host: DrivenHost, work: (action: Action) => Promise<void>): Promise<ActionEnd> {
  const start = Date.now();
  const stream = new DriverStream(host.shell, host.environment);
  const log: string[] = [];
  let last = { code: -1, stdout: '', stderr: '' };
  const command = async (line: string, input: string): Promise<boolean> => {
    const program = /^\S*/.exec(line)![0];
    const check = `if [ ! -x "${program}" ]; then exit ${MAGIC_CODE} 1>&2; fi`;
    if ((await stream.run(check, null, SCRIPT_TIMEOUT_MS)).code === MAGIC_CODE) {
      log.push('I Remote worker node files not found', 'I Updating remotes');
      copyRemotes(host);
    }
    last = await stream.run(line, input, SCRIPT_TIMEOUT_MS);
    if (last.code !== 0) log.push(`I Command execution fail (exit code: ${last.code}): ${line}`);
    log.push(...logLines(last.stderr));
    return last.code === 0;
  };
  await work({ command });
  stream.close();
  const info = last.code === 0 ? last.stdout.trim() : failureText(last.stderr);
  return {
    result: last.code === 0 ? 'SUCCESS' : 'FAILURE',
    deployId: last.code === 0 ? (info.split(/\s+/)[0] ?? '') : '',
    info,
    log,
    millis: Date.now() - start,
  };
}

/** Copies the front-end's remotes over what the host has; links become files, and all is the user's, who copies it. */
export function copyRemotes(host: Pick<DrivenHost, 'remotes' | 'scripts' | 'user'>): void {
  cpSync(host.remotes, host.scripts, { recursive: true, dereference: true });
  if (host.user !== null) execFileSync('chown', ['-R', `${host.user}:`, host.scripts]);
}

/** The lines of standard error as the VM's log shows them: level letter and text. */
export function logLines(stderr: string): string[] {
  return stderr
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(line => {
      const level = LOG_LINE.exec(line)?.[1];
      return `${(level ?? 'INFO').charAt(0)} ${line.replace(LOG_LINE, '').trim()}`;
    });
}

/** What oned stores as the VM's error: all lines without a level, stripped, joined without a separator. */
export function failureText(stderr: string): string {
  const text = stderr
    .split('\n')
    .filter(line => !LOG_LINE.test(line))
    .map(line => line.trim())
    .join('');
  return text === '' ? '-' : text;
}
