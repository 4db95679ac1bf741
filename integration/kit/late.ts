/** Looks around where somebody got no answer in time; null where nobody does. */
let look: ((what: string) => Promise<void>) | null = null;

/** From now on, this looks around while whatever gave no answer in time is still there; it is given what that was. */
export function whenLate(lookAround: ((what: string) => Promise<void>) | null): void {
  look = lookAround;
}

/** To be called before something that gave no answer in time is ended. What looking around starts is not told of itself. */
export async function tellLate(what: string): Promise<void> {
  const lookAround = look;
  if (lookAround === null) return;
  look = null;
  try {
    await lookAround(what);
  } catch {
    // It must not hide what it was to explain.
  } finally {
    look = lookAround;
  }
}
