import type { NodePort } from '../../app/ports.ts';

/** As for pins: a libvirtd that does not answer for this long hangs. */
const VIRSH_TIMEOUT_MS = 15_000;

/** One element of a domain's `<metadata>`. */
export interface MetadataElement {
  readonly namespace: string;
  /** The prefix that libvirt writes before it. */
  readonly prefix: string;
  /** The element without a prefix. */
  readonly xml: string;
}

/** Puts this element in the place of the one of its namespace, on the running domain; null, or what libvirt said. */
export function virshMetadata(
  node: NodePort,
  uri: string,
): (domain: string, element: MetadataElement) => Promise<string | null> {
  return async (domain, { namespace, prefix, xml }) => {
    const words = ['metadata', domain, namespace, '--key', prefix, '--set', xml, '--live'];
    const argv = ['virsh', '--connect', uri, ...words];
    const { code, stderr } = await node.run(argv, { timeoutMs: VIRSH_TIMEOUT_MS });
    if (code === 0) return null;
    const said = (stderr.trim().split('\n')[0] ?? '').replace(/^error:\s*/, '').replace(/\.$/, '');
    return said || `virsh ended with ${code ?? 'no'} exit code`;
  };
}
