import { childNamed, childrenNamed } from '../xml/xml-element.ts';
import { readXml } from '../xml/read-xml.ts';

/** What oned knows of a host and its scheduler goes by. */
export interface PoolHost {
  readonly name: string;
  /** Empty where it is not set, as are the next two. */
  readonly emulatorCpus: string;
  readonly isolCpus: string;
  readonly pinPolicy: string;
}

/**
 * The hosts of what `onehost list -x` prints.
 *
 * @throws XmlError for a text that is no XML
 */
export function readHostPool(text: string): readonly PoolHost[] {
  const pool = readXml(text, 'The list of hosts');
  return childrenNamed(pool, 'HOST').map(host => {
    const template = childNamed(host, 'TEMPLATE');
    const of = (name: string) =>
      (template === undefined ? undefined : childNamed(template, name))?.text.trim() ?? '';
    return {
      name: childNamed(host, 'NAME')?.text.trim() ?? '',
      emulatorCpus: of('EMULATOR_CPUS'),
      isolCpus: of('ISOLCPUS'),
      pinPolicy: of('PIN_POLICY').toUpperCase(),
    };
  });
}
