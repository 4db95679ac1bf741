import type { VerbOption } from '../verb.ts';

/** For every verb that works on a node from another machine. */
export const NODE_OPTION: VerbOption = {
  takes: 'text',
  describe: 'a node of nodes.yaml, over its API and SSH',
};

/** For verbs that change guests, which the Pinfold of that node does itself. */
export const OWN_PINFOLD_OPTION: VerbOption = {
  takes: 'text',
  describe: 'a node of nodes.yaml, over SSH: the Pinfold that is installed there does it',
};
