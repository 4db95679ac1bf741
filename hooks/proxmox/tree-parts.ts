/** The stand-in for a machine, for `import()`. */
export { showRealTask } from '../../src/adapters/embedded/real-task.ts';
export { openTreeNode } from '../../src/adapters/embedded/tree-node.ts';
