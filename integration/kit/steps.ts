import { say } from './say.ts';

/** Runs named steps, prints how long each took, and a table of all at the end. */
export class Steps {
  readonly #taken: { readonly name: string; readonly seconds: number; readonly ok: boolean }[] = [];
  readonly #print: (line: string) => void;

  constructor(print: (line: string) => void = say) {
    this.#print = print;
  }

  /** Runs one step; its failure is passed on after its time is noted. */
  async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    const start = Date.now();
    const note = (ok: boolean) => {
      const seconds = (Date.now() - start) / 1000;
      this.#taken.push({ name, seconds, ok });
      this.#print(`  ${seconds.toFixed(1).padStart(6)} s  ${name}${ok ? '' : '  — FAILED'}`);
    };
    try {
      const result = await work();
      note(true);
      return result;
    } catch (error) {
      note(false);
      throw error;
    }
  }

  /** The sum of all steps so far in seconds. */
  get seconds(): number {
    return this.#taken.reduce((sum, step) => sum + step.seconds, 0);
  }
}
