import type { CpuList } from '../domain/host-topology.ts';
import type { Ledger } from '../domain/ledger.ts';
import type { TextTree } from '../formats/text-tree.ts';

/** One node: its files, its programs. Adapters: this machine, a tree under `--root`, a node over SSH. */
export interface NodePort {
  /** For messages: the node's host name. */
  readonly name: string;
  readonly files: TextTree;
  /**
   * Runs a program to its end. Never throws for what the program does: its exit code and output are the answer.
   * Under `--root` nothing of the real machine runs: the call is appended to `/run/pinfold/effects.jsonl` of the
   * tree and answered by the stand-in kernel.
   */
  run(argv: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Writes a whole file or nothing: temporary file beside it, fsync, rename. Makes missing folders. */
  writeAtomically(path: string, text: string, mode?: number): void;
  /** Removes a file; missing is fine. */
  remove(path: string): void;
  /**
   * Writes a text into a file that is there, in one call and in place, as the kernel's own files want it (cgroup, sysfs).
   * Answers null when the kernel took it, else the name of its error (`EINVAL`); it never makes a file.
   */
  writeInPlace(path: string, text: string): string | null;
  /** Makes one folder, in cgroup a group; there already is fine. Answers null, else the error's name. */
  makeFolder(path: string): string | null;
  /** Removes one empty folder, in cgroup a group without processes; missing is fine. Answers null, else the error's name. */
  removeFolder(path: string): string | null;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** After this many milliseconds the program and its children are killed; `code` is then null. */
  readonly timeoutMs?: number;
}

export interface RunResult {
  /** null when the program was killed or could not be started. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The node's lock: whoever holds it is alone with the ledger. It dies with its holder. */
export interface NodeLock {
  /** Waits for the lock and answers how to give it back. Throws an AppError after a stated time. */
  acquire(): Promise<() => void>;
}

/** The ledger of one node; read and written only under its lock. */
export interface LedgerStore extends NodeLock {
  /**
   * What the file says; an empty ledger when there is none. A damaged file is set aside, and `warning` names
   * where in one sentence: claims then come from what runs.
   */
  read(): { readonly ledger: Ledger; readonly warning: string | null };
  /** Throws an AppError when it cannot be written; the file is then what it was before. */
  write(ledger: Ledger): void;
}

/** Live domains of one node. Each call answers null or throws nothing for a domain that is not there. */
export interface DomainPort {
  /** The live XML, or null when libvirt does not answer with one. */
  dumpXml(domain: string): Promise<string | null>;
  /** The same as it may go to another host. */
  migratableXml(domain: string): Promise<string | null>;
  /** Each returns null when it worked, else what libvirt said. */
  pinVcpu(domain: string, vcpu: number, cpus: CpuList): Promise<string | null>;
  pinEmulator(domain: string, cpus: CpuList): Promise<string | null>;
  pinIothread(domain: string, iothread: number, cpus: CpuList): Promise<string | null>;
  /** The XML inside a saved guest's file, and how to put another one there. */
  savedXml(file: string): Promise<string | null>;
  replaceSavedXml(file: string, xml: string): Promise<string | null>;
}

/**
 * Live changes on one running guest. Each answers null when it was made, else what the system said, in one phrase
 * without a full stop. A name that is not there is such an answer, not an exception.
 */
export interface GuestControl {
  pinVcpu(vm: string, vcpu: number, cpus: CpuList): Promise<string | null>;
  /** All threads that are no vCPU and no iothread. */
  pinEmulator(vm: string, cpus: CpuList): Promise<string | null>;
  pinIothread(vm: string, iothread: number, cpus: CpuList): Promise<string | null>;
  /** All memory of the guest goes to these host cells and new memory comes from them; returns when it has moved. */
  moveMemory(vm: string, cells: CpuList): Promise<string | null>;
}

/** Taking back pages that strayed. */
export interface PageReturn {
  /**
   * The guest's pages on the cells `from` go to the cell `to`; where new memory comes from stays as it is. Answers as
   * {@link GuestControl} does. The kernel lets only root do it.
   */
  returnPages(vm: string, from: string, to: string): Promise<string | null>;
}

/** What was heard of the other side: a line, nothing for that long, or that it is gone for good. */
export type Heard =
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'late' }
  | { readonly kind: 'end' };

/** Lines to and from a Pinfold on another host. */
export interface LineChannel {
  /** A side that is gone hears nothing, which is no fault here. */
  send(line: string): void;
  /** The next line, without its end, for at most so many milliseconds. */
  receive(timeoutMs: number): Promise<Heard>;
  /** Ends it; answers how the program on the other side ended, as far as that is known by then. */
  close(): Promise<ChannelEnd>;
}

/** How the program at the other end of a channel ended. */
export interface ChannelEnd {
  /** null: a signal, or it runs still. */
  readonly code: number | null;
  /** The last line that it wrote to standard error. */
  readonly said: string;
}
