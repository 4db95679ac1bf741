/** What changes cgroups, for `import()`: no phase before QEMU runs needs it. */
export { giveBackExclusive } from '../exclusivity/give-back-exclusive.ts';
export { takeExclusive } from '../exclusivity/take-exclusive.ts';
