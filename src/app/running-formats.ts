/** What only a live migration does with a domain XML, for `import()`: no start of a guest pays for it. */
export { requestAsRunning } from '../formats/domain-xml/request-as-running.ts';
export { sameGuest } from '../formats/domain-xml/same-guest.ts';
export { spliceRunning } from '../formats/domain-xml/splice-running.ts';
