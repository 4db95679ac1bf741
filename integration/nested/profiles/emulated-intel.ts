/**
 * All that TCG emulates, with Intel's name, by which the kernel sees SMT and caches. Left out is what makes the kernel of the
 * host slower under emulation: page tables of five levels, and copying and clearing byte by byte (`rep movsb`, `rep stosb`),
 * which a real CPU does by cache lines and TCG by bytes.
 */
export const EMULATED_INTEL = 'max,vendor=GenuineIntel,-la57,-erms,-fsrm';
