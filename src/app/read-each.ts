import { AppError } from '../domain/app-error.ts';

/** What came of reading many: answers and reasons, each in the order of the names. */
export interface ReadEach<Answer> {
  readonly answers: readonly { readonly name: string; readonly answer: Answer }[];
  readonly failed: readonly { readonly name: string; readonly reason: string }[];
  /** Whether some were given up at the deadline and may still be at work. */
  readonly abandoned: boolean;
}

/**
 * Reads many things side by side, at most `limit` at a time, each for at most `deadlineMs`. One that fails or is late is named with the
 * reason and harms no other. `onEach` is told of each that has an answer or a reason.
 */
export async function readEach<Answer>(
  names: readonly string[],
  read: (name: string) => Promise<Answer>,
  {
    limit,
    deadlineMs,
    onEach = () => undefined,
  }: { readonly limit: number; readonly deadlineMs: number; readonly onEach?: () => void },
): Promise<ReadEach<Answer>> {
  const outcomes = new Map<string, Outcome<Answer>>();
  const waiting = names.values();
  const worker = async () => {
    for (const name of waiting) {
      outcomes.set(name, await outcomeOf(() => read(name), deadlineMs));
      onEach();
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, names.length) }, worker));
  const ordered = names.map(name => ({ name, outcome: outcomes.get(name)! }));
  return {
    answers: ordered.flatMap(({ name, outcome }) =>
      outcome.kind === 'read' ? [{ name, answer: outcome.answer }] : [],
    ),
    failed: ordered.flatMap(({ name, outcome }) =>
      outcome.kind === 'read' ? [] : [{ name, reason: outcome.reason }],
    ),
    abandoned: ordered.some(({ outcome }) => outcome.kind === 'late'),
  };
}

type Outcome<Answer> =
  | { readonly kind: 'read'; readonly answer: Answer }
  | { readonly kind: 'failed' | 'late'; readonly reason: string };

async function outcomeOf<Answer>(read: () => Promise<Answer>, deadlineMs: number): Promise<Outcome<Answer>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Outcome<Answer>>(resolve => {
    timer = setTimeout(() => {
      resolve({ kind: 'late', reason: `It did not answer within ${deadlineMs / 1000} s.` });
    }, deadlineMs);
  });
  const asked = Promise.resolve()
    .then(read)
    .then(
      (answer): Outcome<Answer> => ({ kind: 'read', answer }),
      (error: unknown): Outcome<Answer> => ({ kind: 'failed', reason: reasonOf(error) }),
    );
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof AppError) return error.message;
  return `It could not be read (${error instanceof Error ? error.message.split('\n')[0]! : String(error)}).`;
}
