import { DOCUMENT_SCHEMAS } from '../../documents/document-schemas.ts';
import { parseWith } from '../../documents/parse-with.ts';
import type { ReconcileOptions } from '../commands/reconcile.ts';
import { print } from '../output.ts';
import { renderReconcile } from '../render/render-reconcile.ts';
import { withPinfoldOn } from './pinfold-on.ts';
import { hasDocument } from './run-afar.ts';
import { visibleJson, visibleTexts } from './words-from-afar.ts';

/** Lets the Pinfold of a node mend that node, and shows what it says. Ends with the code that it ended with. */
export function reconcileOnNode(options: ReconcileOptions & { readonly node: string }): Promise<number> {
  return withPinfoldOn({ ...options, verb: 'reconcile' }, async pinfold => {
    const answer = await pinfold.run({
      words: ['--json', ...(options.dryRun ? ['--dry-run'] : [])],
      changes: options.dryRun ? 'nothing' : 'guests',
    });
    if (!hasDocument(answer)) return answer.code;
    const document = pinfold.understand(answer, 'a reconcile document', value =>
      parseWith(DOCUMENT_SCHEMAS.reconcile, value, 'the answer'),
    );
    await print(options.json ? `${visibleJson(document)}\n` : renderReconcile(visibleTexts(document)));
    return answer.code;
  });
}
