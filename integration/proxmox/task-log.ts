import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where a node keeps the logs of its tasks; one file each, named by its UPID. */
export const TASKS = '/var/log/pve/tasks';

/** One task's log: on standard output as `qm` shows it, and in a file that ends with what became of it. */
export class TaskLog {
  readonly #file: string;
  readonly upid: string;

  /** @param root folder in place of `/`, or empty. */
  constructor(root: string, task: { readonly node: string; readonly kind: string; readonly vmid: string }) {
    const hex = (value: number) => value.toString(16).toUpperCase().padStart(8, '0');
    const now = Math.floor(Date.now() / 1000);
    this.upid = `UPID:${task.node}:${hex(process.pid)}:${hex(now)}:${hex(now)}:${task.kind}:${task.vmid}:root@pam:`;
    mkdirSync(join(root, TASKS), { recursive: true });
    this.#file = join(root, TASKS, this.upid);
  }

  line(text: string): void {
    process.stdout.write(`${text}\n`);
    appendFileSync(this.#file, `${text}\n`);
  }

  /** `TASK OK`, or `TASK ERROR: …`; goes into the file only, as on a node. */
  end(error: string | null): void {
    appendFileSync(this.#file, error === null ? 'TASK OK\n' : `TASK ERROR: ${error}\n`);
  }
}
