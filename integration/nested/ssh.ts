import { mustRun, runProgram, type ProgramEnd } from '../kit/run-program.ts';
import { HOST_KEY_ALIAS } from './image.ts';

/** How a nested host is reached. */
export interface SshTarget {
  readonly port: number;
  readonly userKey: string;
  readonly knownHosts: string;
}

/** ssh's arguments up to the remote command. The host key must be the one that the image was born with. */
export function sshArguments(target: SshTarget): string[] {
  return [
    ...['ssh', '-F', 'none', '-p', String(target.port), '-i', target.userKey],
    ...['-o', `UserKnownHostsFile=${target.knownHosts}`, '-o', 'GlobalKnownHostsFile=/dev/null'],
    ...['-o', `HostKeyAlias=${HOST_KEY_ALIAS}`, '-o', 'StrictHostKeyChecking=yes'],
    ...['-o', 'BatchMode=yes', '-o', 'IdentitiesOnly=yes', '-o', 'ConnectTimeout=10', '-o', 'LogLevel=ERROR'],
    ...['-o', 'ServerAliveInterval=10', '-o', 'ServerAliveCountMax=6', 'root@127.0.0.1'],
  ];
}

/** Runs a shell script on the machine; unless it may fail, an exit code other than 0 is an error with its output. */
export async function sshRun(
  target: SshTarget,
  script: string,
  options: {
    readonly timeoutMs: number;
    readonly mayFail?: boolean;
    readonly stdin?: string | Buffer;
    readonly onOutput?: (text: string) => void;
  },
): Promise<ProgramEnd> {
  const argv = [...sshArguments(target), script];
  const { mayFail, ...run } = options;
  if (mayFail === true) return runProgram(argv, run);
  const stdout = await mustRun(argv, run);
  return { code: 0, stdout, stderr: '', millis: 0 };
}
