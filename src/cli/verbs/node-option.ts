import type { VerbOption } from '../verb.ts';

/** For every verb that works on a node from another machine. */
export const NODE_OPTION: VerbOption = {
  takes: 'text',
  describe: 'a node of nodes.yaml, over its API and SSH',
};
