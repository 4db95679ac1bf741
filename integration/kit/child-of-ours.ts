/**
 * The start of a command line that makes the kernel kill the program when this process ends, however it ends
 * (PR_SET_PDEATHSIG through setpriv of util-linux): a runner that is killed leaves nothing behind.
 */
export const DIES_WITH_US = ['setpriv', '--pdeathsig', 'KILL', '--'] as const;
