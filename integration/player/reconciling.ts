import type { Stage } from './stage.ts';

/** What the scenarios read of a reconcile document. */
interface ReconcileDocument {
  readonly drift: readonly {
    readonly vm: string;
    readonly code: string;
    readonly cause: string;
    readonly subject: string;
    readonly sentence: string;
    readonly repair: string;
  }[];
  readonly changes: readonly unknown[];
}

/** The state folder as templates/opennebula/tmpfiles.conf has it, so that root and OpenNebula's user share the ledger. */
export async function makeStateFolder(stage: Stage): Promise<void> {
  await stage.program('install', '-d', '-m', '2770', '-o', 'oneadmin', '-g', 'oneadmin', '/run/pinfold');
}

/**
 * A dry run names exactly this drift (`VM CODE CAUSE SUBJECT`), a run mends all of it, and the next run finds nothing.
 * Returns the sentences that the dry run says.
 */
export async function mends(stage: Stage, wanted: readonly string[]): Promise<readonly string[]> {
  const told = ({ drift }: ReconcileDocument) =>
    drift.map(({ vm, code, cause, subject, repair }) => [vm, code, cause, subject, repair].join(' '));
  const preview = (await stage.pinfold('reconcile', '--dry-run')) as ReconcileDocument;
  stage.check(
    'what a dry run names',
    told(preview),
    wanted.map(line => `${line} planned`),
  );
  for (const { sentence } of preview.drift) stage.holds('it says', sentence.endsWith('.'), sentence);
  const done = (await stage.pinfold('reconcile')) as ReconcileDocument;
  stage.check(
    'what reconcile mends',
    told(done),
    wanted.map(line => `${line} done`),
  );
  await isQuiet(stage);
  return preview.drift.map(({ sentence }) => sentence);
}

/** A run finds nothing and does nothing. */
export async function isQuiet(stage: Stage): Promise<void> {
  const next = (await stage.pinfold('reconcile')) as ReconcileDocument;
  stage.check('what the next run finds and does', [next.drift, next.changes], [[], []]);
}
