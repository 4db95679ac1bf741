const acts = new Set<() => void>();

/**
 * Remembers what must be undone when this process ends early (a signal, an error); returns how to forget it again.
 * Acts must be short and synchronous.
 */
export function atTheEnd(act: () => void): () => void {
  acts.add(act);
  return () => {
    acts.delete(act);
  };
}

/** Undoes all that is remembered, the latest first. One that fails does not keep the others from being done. */
export function cleanUp(): void {
  for (const act of [...acts].reverse()) {
    acts.delete(act);
    try {
      act();
    } catch (error) {
      process.stderr.write(`Cleaning up: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
}
