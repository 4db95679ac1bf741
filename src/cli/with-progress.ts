import { ProgressBar } from './progress-bar.ts';

/** Does `work`, and shows on a terminal what is waited for once that takes more than a second; `seconds` is the usual time. */
export async function withProgress<T>(name: string, seconds: number, work: () => Promise<T>): Promise<T> {
  const bar = new ProgressBar([{ name, seconds }]);
  bar.begin(0);
  try {
    return await work();
  } finally {
    bar.end();
  }
}
