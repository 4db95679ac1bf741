/** What libvirt answers instead of doing it: the words after virsh's `error: `. */
export class VirshError extends Error {
  override readonly name = 'VirshError';
}
