/** The readers of a whole topology, for `import()`: what they read is kept until the next boot. */
export { readTopology } from '../formats/sysfs/read-topology.ts';
