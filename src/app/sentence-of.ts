import { AppError } from '../domain/app-error.ts';

/** The sentence of a failure; one of ours is named as such. */
export function sentenceOf(error: unknown): string {
  if (error instanceof AppError) return error.message;
  const what = error instanceof Error ? error.message : String(error);
  return `Pinfold failed by a fault of its own (${what.replace(/\.$/, '')}): please report it with the output of "pinfold capture".`;
}
