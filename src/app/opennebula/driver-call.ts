import type { ProcessId } from '../../domain/ledger.ts';
import type { DomainPort, LedgerStore, LineChannel, NodePort } from '../ports.ts';

/** One call of OpenNebula's driver and what it is answered with. */
export interface DriverCall {
  readonly action: string;
  readonly args: readonly string[];
  readonly stdin: string;
  /** Whether a wrapper of kvmpinfold calls, which has seen a PINFOLD section before it did. */
  readonly hasSection: boolean;
  readonly node: NodePort;
  readonly ledger: LedgerStore;
  readonly domains: DomainPort;
  /** The process that answers the call: this one. */
  readonly owner: ProcessId;
  readonly folders: DriverFolders;
  readonly migration: MigrationPorts;
  /**
   * Told of each point behind which a killed hook leaves another state; tests end the process there. `decided` may be told
   * more than once: OpenNebula's script runs next.
   */
  readonly at: (point: 'leased' | 'decided' | 'launched') => void;
}

/** Where things lie on an OpenNebula host, as the node names them. */
export interface DriverFolders {
  /** OpenNebula's own action scripts. */
  readonly stock: string;
  /** policy.yaml, profiles.yaml and nodes/. */
  readonly policy: string;
  readonly state: string;
}

/** What a live migration needs besides this host. */
export interface MigrationPorts {
  /** Pinfold on the host that a guest goes to, reached as OpenNebula's own scripts reach it. */
  toHost(host: string): Promise<LineChannel>;
  /** The host that a guest comes from, which called this program. */
  fromSource(): Promise<LineChannel>;
  /** What OpenNebula's script is given so that libvirt sends the guest with the XML in this file. */
  environment(xmlFile: string): Promise<Readonly<Record<string, string>>>;
  /** How long the other host's decision may take, milliseconds. */
  readonly answerMs: number;
}

/** What the driver gets: standard output is read by oned (its first word is the deploy id). */
export interface DriverAnswer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs OpenNebula's own script for this action, with the same arguments; its output and exit code pass through. */
export async function runStock(
  call: DriverCall,
  stdin: string,
  env: Readonly<Record<string, string>> = {},
): Promise<DriverAnswer> {
  call.at('decided');
  const { code, stdout, stderr } = await call.node.run(
    [`${call.folders.stock}/${call.action}`, ...call.args],
    { stdin, env },
  );
  // 42 makes OpenNebula copy all its scripts to the host again (MAGIC_RC); a script that is there never means that.
  return { code: code === null || code === 42 ? 1 : code, stdout, stderr };
}

/** Lines that OpenNebula's driver takes into the VM's log. */
export function warningLines(warnings: readonly string[]): string {
  return warnings.map(warning => `WARN: pinfold: ${oneLine(warning)}\n`).join('');
}

/**
 * A name or a program's words may hold line ends, and each line counts on its own; what orders a terminal about must not get into
 * the VM's template either, which is XML.
 */
function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ');
}

/** A refusal: the driver joins all lines without a mark into the text that the user sees, so it is one sentence. */
export function failure(sentence: string, warnings: readonly string[] = []): DriverAnswer {
  return { code: 1, stdout: '', stderr: `${warningLines(warnings)}${oneLine(sentence)} \n` };
}

/** An answer with warnings in front of its log lines. */
export function withWarnings(answer: DriverAnswer, warnings: readonly string[]): DriverAnswer {
  return warnings.length === 0 ? answer : { ...answer, stderr: `${warningLines(warnings)}${answer.stderr}` };
}
