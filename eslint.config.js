import tseslint from 'typescript-eslint';

/** The layers, outermost first. A layer imports from itself and from layers after it, never from one before it. */
const layers = ['http', 'graphql', 'aiml', 'redis'];
/** What puts the layers together, and what stands beside them. */
const above = ['service', 'operations', 'known-operations', 'request-scope', 'main', 'commands', 'local-aiml'];

/** @param {string} folder @param {string[]} forbidden @param {string} reason */
const forbid = (folder, forbidden, reason) => ({
  files: [`src/${folder}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      { patterns: [{ regex: `^(\\.\\./)+(${forbidden.join('|')})(/|\\.ts$)`, message: reason }] },
    ],
  },
});

export default tseslint.config(
  {
    ignores: [
      'dist',
      'coverage',
      // They import code that a test generates, and are checked by it.
      'test/clients/snippets/codegen-consumer.ts',
      'test/clients/support/exact-types.ts',
      'test/clients/support/wrong-use.ts',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['*.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/config.ts', 'src/main.ts', 'src/local-aiml/main.ts', 'src/commands/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only config.ts reads the environment.' },
        { object: 'process', property: 'exit', message: 'Only the entry points end the process.' },
      ],
    },
  },
  ...layers.map((layer, index) =>
    forbid(
      layer,
      [...layers.slice(0, index), ...above, 'auth'],
      'Imports point one way: http → graphql → aiml → redis.',
    ),
  ),
  forbid('auth', ['http', 'graphql', 'redis', ...above], 'Who is calling is nobody’s business but the service’s.'),
  forbid(
    'local-aiml',
    [
      'http',
      'graphql',
      'aiml',
      'redis',
      'auth',
      'service',
      'operations',
      'known-operations',
      'request-scope',
      'commands',
    ],
    'The embedded AIML API stands alone: it is reached over HTTP only.',
  ),
  forbid(
    'observability',
    ['http', 'graphql', 'aiml', 'redis', 'auth', ...above],
    'Observability is imported by the layers, it imports none of them.',
  ),
  { files: ['*.js'], extends: [tseslint.configs.disableTypeChecked] },
);
