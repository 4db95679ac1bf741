/** The texts of strerror(3) for what the stand-in kernel refuses with. */
const WORDS = {
  EBUSY: 'Device or resource busy',
  EINVAL: 'Invalid argument',
  ENOENT: 'No such file or directory',
  ENOMEM: 'Cannot allocate memory',
  ENOSPC: 'No space left on device',
  EOPNOTSUPP: 'Operation not supported',
  ERANGE: 'Numerical result out of range',
  ESRCH: 'No such process',
} as const;

/** A system call that the kernel refused; the message is the text of its error number. */
export class KernelError extends Error {
  override readonly name = 'KernelError';
  readonly errno: keyof typeof WORDS;

  constructor(errno: keyof typeof WORDS) {
    super(WORDS[errno]);
    this.errno = errno;
  }
}
