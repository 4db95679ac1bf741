/** An attribute whose last part is the number of a guest cell; Nova writes it behind a dot. */
const CELL_OPTION = /^(numa_(?:cpus|mem))_([0-9]+)$/;

/**
 * Nova's extra spec for an attribute of `PINFOLD=[…]`: `HW_NUMA_CPUS_0` is `hw:numa_cpus.0`, `PINFOLD_CACHE` is
 * `pinfold:cache`, `TRAIT_X` and `RESOURCES_X` keep Nova's capitals behind the colon. An attribute of no namespace
 * becomes a `pinfold:` key that does not exist, so that it is refused by name and never ignored.
 */
export function extraSpecOf(attribute: string): string {
  const resource = /^(TRAIT|RESOURCES)[0-9]*_/i.exec(attribute);
  if (resource !== null)
    return `${resource[0].slice(0, -1).toLowerCase()}:${attribute.slice(resource[0].length)}`;
  const name = attribute.toLowerCase();
  if (name.startsWith('hw_')) return `hw:${withCell(name.slice(3))}`;
  return name.startsWith('pinfold_') ? `pinfold:${name.slice(8)}` : `pinfold:${name}`;
}

/**
 * Nova's image property for an attribute of `PINFOLD_WISH=[…]`: `HW_NUMA_CPUS_0` is `hw_numa_cpus.0`. Everything
 * else becomes a `pinfold_` key, which no image property is.
 */
export function imagePropertyOf(attribute: string): string {
  const name = attribute.toLowerCase();
  if (name.startsWith('hw_')) return `hw_${withCell(name.slice(3))}`;
  return name.startsWith('pinfold_') ? name : `pinfold_${name}`;
}

function withCell(name: string): string {
  return name.replace(CELL_OPTION, '$1.$2');
}
