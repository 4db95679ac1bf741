/** What Proxmox VE would die with; the message is the real one's text. */
export class PveError extends Error {
  override readonly name = 'PveError';
}
