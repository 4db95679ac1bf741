import { countCpuList } from './count-cpu-list.ts';
import { LIMITS } from './limits.ts';
import { tooLarge } from './check-size.ts';

/**
 * Refuses CPU lists that together name more CPUs than {@link LIMITS.listedCpus}, without expanding them: a few
 * characters ("0-65535") can stand for very many.
 */
export function checkListedCpus(lists: Iterable<string>, title: string): void {
  let cpus = 0;
  for (const list of lists) {
    cpus += countCpuList(list);
    if (cpus > LIMITS.listedCpus)
      throw tooLarge(title, `names more than ${LIMITS.listedCpus} CPUs in its lists together`);
  }
}
