import base from './jest.config.mjs';

/**
 * `npm run test:conformance`: the captured machines, vectors and recordings that lie beside the
 * checkout (or where PINFOLD_SHARED points). It fails, never skips, when they are missing.
 */
export default {
  ...base,
  testMatch: ['**/*.conformance.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
};
