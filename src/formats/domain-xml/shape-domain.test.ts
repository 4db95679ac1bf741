import { DUMPED_DOMAIN, OPENNEBULA_DOMAIN } from '../../testing/domains.ts';
import { effectOfDomain } from './effect-of-domain.ts';
import { shapeDomain } from './shape-domain.ts';

const TWO_CORES = { sockets: 1, cores: 2, threads: 2 };
const BITS = { mode: 'emulate', bits: 42 };

test('topology and address bits are written into <cpu>, and nothing else changes', () => {
  const before = effectOfDomain(OPENNEBULA_DOMAIN);
  const shaped = shapeDomain(OPENNEBULA_DOMAIN, { topology: TWO_CORES, physicalAddress: BITS });
  expect(effectOfDomain(shaped)).toEqual({
    ...before,
    topology: { ...TWO_CORES, dies: 1, clusters: 1 },
    physicalAddress: BITS,
  });
  expect(shaped.replace(/\s*<(topology|maxphysaddr) [^>]*>/g, '')).toBe(OPENNEBULA_DOMAIN);
});

test('a domain keeps its own where nothing is said, its cells and pins in any case', () => {
  expect(shapeDomain(DUMPED_DOMAIN, { topology: null, physicalAddress: null })).toBe(DUMPED_DOMAIN);
  const flat = { sockets: 4, cores: 1, threads: 1 };
  expect(effectOfDomain(shapeDomain(DUMPED_DOMAIN, { topology: flat, physicalAddress: null }))).toEqual({
    ...effectOfDomain(DUMPED_DOMAIN),
    topology: { ...flat, dies: 1, clusters: 1 },
  });
});

test('a topology for another number of vCPUs is not written', () => {
  const topology = { sockets: 3, cores: 1, threads: 1 };
  expect(shapeDomain(OPENNEBULA_DOMAIN, { topology, physicalAddress: null })).toBe(OPENNEBULA_DOMAIN);
});
