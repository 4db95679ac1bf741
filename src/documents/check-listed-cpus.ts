import { LIMITS } from './limits.ts';
import { tooLarge } from './check-size.ts';

/**
 * Refuses CPU lists that together name more CPUs than {@link LIMITS.listedCpus}, without expanding them: a few
 * characters ("0-65535") can stand for very many. The lists must be well-formed.
 */
export function checkListedCpus(lists: Iterable<string>, title: string): void {
  let cpus = 0;
  for (const list of lists) {
    for (const range of list.split(',')) {
      const dash = range.indexOf('-');
      cpus += dash < 0 ? 1 : Number(range.slice(dash + 1)) - Number(range.slice(0, dash)) + 1;
    }
    if (cpus > LIMITS.listedCpus)
      throw tooLarge(title, `names more than ${LIMITS.listedCpus} CPUs in its lists together`);
  }
}
