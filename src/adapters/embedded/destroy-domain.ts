import { CGROUPS } from './cgroups.ts';
import { scopeOf } from './create-domain.ts';
import { forgetDomain, type LiveDomain } from './domain-store.ts';
import { movePages, pagesIn } from './page-pools.ts';
import type { TreeFiles } from './tree-files.ts';

/** Ends a domain's QEMU: its tasks and cgroups vanish, its pages go back to the pools. Under the tree's lock. */
export function destroyDomain(files: TreeFiles, domain: LiveDomain): void {
  const uses = pagesIn(files.read(`/proc/${domain.pid}/numa_maps`) ?? '');
  // Out of sight in one step, as a process ends.
  files.move(`/proc/${domain.pid}`, `/proc/.${domain.pid}-gone`);
  files.remove(`/proc/.${domain.pid}-gone`);
  movePages(files, uses, -1);
  files.remove(`${CGROUPS}${scopeOf(domain.id, domain.name)}`);
  forgetDomain(files, domain.name);
}
