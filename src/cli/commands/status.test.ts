import { rmSync } from 'node:fs';

import { parseWith } from '../../documents/parse-with.ts';
import { DOCUMENT_SCHEMAS } from '../../documents/document-schemas.ts';
import { runPinfold } from '../../testing/built-program.ts';

test('the status of a node with guests is a document of its schema, and each CPU is in it once', () => {
  const { kept } = JSON.parse(runPinfold(['demo', '--keep', '--json']).stdout) as { readonly kept: string };
  try {
    const { code, stdout } = runPinfold(['status', '--root', kept, '--json']);
    expect(code).toBe(0);
    const status = parseWith(DOCUMENT_SCHEMAS.status, JSON.parse(stdout), 'the status');
    expect(status.guests).toHaveLength(8);
    expect(status.cpus).toMatchObject({ pool: '18', shared: '16-17,48-49', 'kept-empty': '36-38' });
    const cpus = Object.values(status.cpus).flatMap(list => list.split(','));
    const count = cpus
      .map(part => part.split('-').map(Number))
      .reduce((sum, [first, last]) => sum + (last ?? first!) - first! + 1, 0);
    expect(count).toBe(64);
  } finally {
    rmSync(kept, { recursive: true });
  }
});
