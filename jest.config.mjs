import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { quickTemporaryFolder } from './scripts/quick-temporary-folder.mjs';

// What is kept between runs does not belong into memory.
const cacheDirectory = join(tmpdir(), `pinfold-jest-${process.getuid?.() ?? ''}`);
process.env.TMPDIR ??= quickTemporaryFolder();

/** `npm test`: everything that needs only Node, on machines of the project's own making. */
export default {
  testEnvironment: 'node',
  cacheDirectory,
  // Many tests wait for a program that they started; by itself jest leaves one CPU without work.
  maxWorkers: availableParallelism() + 1,
  roots: ['<rootDir>/src', '<rootDir>/hooks', '<rootDir>/bench', '<rootDir>/integration'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '\\.conformance\\.test\\.ts$'],
  extensionsToTreatAsEsm: [],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  transformIgnorePatterns: [
    '/node_modules/(?!(fast-xml-parser|strnum|fast-xml-builder|path-expression-matcher)/)',
  ],
};
