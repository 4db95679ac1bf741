import { ApiFault } from './api-fault.ts';
import { hex } from './access.ts';

/** How the work of a task ended: its log, and `OK` or the words of its failure. */
export interface TaskEnd {
  readonly log: readonly string[];
  /** null = it went well. */
  readonly error: string | null;
}

interface Task {
  readonly status: Record<string, unknown>;
  readonly log: string[];
}

/** The tasks of a node, with their ids as Proxmox forms them: node, pid, its start, time, kind, guest, user. */
export class Tasks {
  readonly #node: string;
  readonly #seconds: () => number;
  readonly #tasks = new Map<string, Task>();
  #pid = 6186;
  #start = 418_816;

  constructor(node: string, seconds: () => number) {
    this.#node = node;
    this.#seconds = seconds;
  }

  /** Starts a task and answers its id at once; `work` goes on behind it. */
  begin(kind: string, id: string, user: string, work: () => Promise<TaskEnd> | TaskEnd): string {
    this.#pid += 17;
    this.#start += 118;
    const [name, token] = user.split('!');
    const now = this.#seconds();
    const upid = `UPID:${this.#node}:${hex(this.#pid)}:${hex(this.#start)}:${hex(now)}:${kind}:${id}:${user}:`;
    const status: Record<string, unknown> = {
      upid,
      node: this.#node,
      pid: this.#pid,
      pstart: this.#start,
      starttime: now,
      type: kind,
      id,
      user: name,
      status: 'running',
      ...(token !== undefined && { tokenid: token }),
    };
    const task = { status, log: [] };
    this.#tasks.set(upid, task);
    const failed = (error: unknown): TaskEnd => ({ log: [], error: (error as Error).message.trim() });
    const ended = (end: TaskEnd) => {
      close(task, end);
    };
    try {
      const result = work();
      if (result instanceof Promise)
        result.then(ended, (error: unknown) => {
          ended(failed(error));
        });
      else ended(result);
    } catch (error) {
      ended(failed(error));
    }
    return upid;
  }

  status(upid: string): object {
    return { ...this.#task(upid).status };
  }

  log(upid: string): readonly string[] {
    return this.#task(upid).log;
  }

  #task(upid: string): Task {
    const task = this.#tasks.get(upid);
    if (task === undefined) throw new ApiFault(500, `unable to parse worker upid '${upid}'\n`);
    return task;
  }
}

function close(task: Task, { log, error }: TaskEnd): void {
  task.log.push(...log, error === null ? 'TASK OK' : `TASK ERROR: ${error}`);
  task.status['status'] = 'stopped';
  task.status['exitstatus'] = error ?? 'OK';
}
