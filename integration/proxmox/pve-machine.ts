/** How a program or a hook ended; null = by a signal. */
export interface End {
  readonly code: number | null;
  /** Standard output and error as they came. */
  readonly output: string;
}

/** What QEMU is started with. */
export interface Launch {
  readonly vmid: string;
  /** QEMU and its arguments, with `taskset` in front where the config has an affinity. */
  readonly argv: readonly string[];
  /** Properties of its scope, as `systemctl show` names them. */
  readonly properties: Readonly<Record<string, string>>;
}

/** One call of a VM's hook script. */
export interface HookCall {
  /** The script's path on the node. */
  readonly script: string;
  readonly vmid: string;
  readonly phase: string;
  /** What the phase adds to the environment; null takes a variable away. */
  readonly environment: Readonly<Record<string, string | null>>;
}

/**
 * What the start sequence needs of a node. Two of them: the machine that it runs on, with systemd and QEMU, and a node
 * that is a folder (`--root`), with stand-ins for both.
 */
export interface PveMachine {
  /** Host name, as in /etc/pve/nodes. */
  readonly name: string;
  /** A file's text, null when it is missing. */
  read(path: string): string | null;
  write(path: string, text: string): void;
  remove(path: string): void;
  kindOf(path: string): 'missing' | 'file' | 'executable';
  /** flock(2) on a file; null when another holds it for all of these seconds. The answer gives it back. */
  lock(path: string, seconds: number): Promise<(() => void) | null>;
  hook(call: HookCall): Promise<End>;
  /** Ends a unit that an earlier QEMU left: `systemctl reset-failed`, `stop`, and a wait until it is gone. */
  endUnit(unit: string): Promise<void>;
  /** Puts QEMU into a new scope of qemu.slice and waits until it has daemonized. */
  launch(launch: Launch): Promise<End>;
  /** The process in the VM's pid file when it is this VM's QEMU and alive. */
  pidOf(vmid: string): number | null;
  /** One command to QEMU's monitor, which serves one client at a time; throws a PveError without an answer. */
  monitor(vmid: string, command: string): Promise<void>;
  signal(pid: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  sleep(milliseconds: number): Promise<void>;
  /** A line of the task log. */
  log(line: string): void;
}
