import tseslint from 'typescript-eslint';

/** The pure layers: what they decide must depend on their input alone, so that a decision can be replayed. */
const PURE = ['src/domain/**/*.ts', 'src/engine/**/*.ts', 'src/formats/**/*.ts', 'src/machines/**/*.ts'];
const TESTS = ['**/*.test.ts', 'src/testing/**', 'integration/**', 'bench/**'];

/** Layers, innermost first; a file may import from its own layer and from those named here. */
const LAYERS = {
  domain: [],
  engine: ['domain'],
  formats: ['domain'],
  machines: ['domain', 'formats'],
  documents: ['domain'],
  adapters: ['domain', 'formats', 'app/ports.ts'],
  app: ['domain', 'engine', 'formats', 'documents'],
};

/** What a layer must not import, from files whose paths out of the layer start with this many `../`. */
function layerRule(layer, allowed, folders, steps) {
  return {
    files: [`src/${layer}/${folders}*.ts`],
    ignores: TESTS,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `^(\\.\\./){${steps}}(?!\\.)(?!${[layer, ...allowed].map(name => name.replaceAll('.', '\\.') + (name.endsWith('.ts') ? '$' : '/')).join('|')})`,
              message: `src/${layer} may import only from ${[layer, ...allowed].join(', ')} (ARCHITECTURE.md, layers).`,
            },
            ...(['domain', 'engine', 'formats', 'machines'].includes(layer)
              ? [
                  {
                    regex: '^(?!\\.)',
                    message:
                      'Pure layer: no node: module and no package, so that the same input always gives the same bytes.',
                  },
                ]
              : []),
          ],
        },
      ],
    },
  };
}

const layerRules = Object.entries(LAYERS).flatMap(([layer, allowed]) => [
  layerRule(layer, allowed, '', '1,'),
  layerRule(layer, allowed, '*/', '2,'),
  layerRule(layer, allowed, '*/*/**/', '3,'),
]);

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'scripts/**', '*.mjs'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // Numbers and booleans are what our messages are made of.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // noUncheckedIndexedAccess makes every index possibly undefined; `!` states that the index is in range.
      '@typescript-eslint/no-non-null-assertion': 'off',
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'One name per thing: no default exports.' },
        { selector: 'TSEnumDeclaration', message: 'Use a union of string literals.' },
      ],
    },
  },
  {
    files: PURE,
    ignores: TESTS,
    rules: {
      // No clock, no randomness, no process, no waiting: a decision must not depend on when or where it is made.
      'no-restricted-globals': [
        'error',
        'process',
        'setTimeout',
        'setInterval',
        'fetch',
        'Buffer',
        'console',
        'performance',
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Pure layer: take the time as an argument.' },
        { object: 'Math', property: 'random', message: 'Pure layer: no randomness.' },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: ':function[async=true]', message: 'Pure layer: nothing to wait for.' },
        { selector: 'AwaitExpression', message: 'Pure layer: nothing to wait for.' },
        {
          selector: "NewExpression[callee.name='Date']",
          message: 'Pure layer: take the time as an argument.',
        },
        { selector: 'ExportDefaultDeclaration', message: 'One name per thing: no default exports.' },
        { selector: 'TSEnumDeclaration', message: 'Use a union of string literals.' },
      ],
    },
  },
  ...layerRules,
  {
    files: TESTS,
    rules: {
      'max-lines': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
);
