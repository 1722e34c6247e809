import { dirname, relative, resolve } from 'node:path';
import tseslint from 'typescript-eslint';

/** The layers, outermost first. A file imports from its own layer and from layers after it, never from one before it. */
const layers = ['http', 'graphql', 'auth', 'aiml', 'redis', 'runtime'];
/** Files that configure and connect the layers. No layer imports them. */
const above = ['config', 'service', 'main'];
/** The folders that a folder of src must not import from. Type imports and dynamic imports count. */
const forbidden = {
  ...Object.fromEntries(
    layers.map((layer, index) => [layer, [...layers.slice(0, index), ...above, 'commands', 'local-aiml']]),
  ),
  runtime: [...layers.slice(0, -1), ...above, 'observability', 'commands', 'local-aiml'],
  observability: [...layers.slice(0, -1), ...above, 'commands', 'local-aiml'],
  'local-aiml': [...layers.slice(0, -1), ...above, 'commands'],
};

/** @type {import('eslint').Rule.RuleModule} */
const importsPointDown = {
  create(context) {
    const folderOf = (file) => /^src[/\\]([^/\\]+?)(?:\.ts$|[/\\])/.exec(relative(import.meta.dirname, file))?.[1];
    const folder = folderOf(context.filename);
    const check = (source) => {
      if (typeof source?.value !== 'string' || !source.value.startsWith('.')) return;
      const imported = folderOf(resolve(dirname(context.filename), source.value));
      if (imported !== folder && forbidden[folder]?.includes(imported))
        context.report({
          node: source,
          message: `src/${folder} must not import src/${imported}: imports point one way, ${layers.join(' → ')}.`,
        });
    };
    return {
      ImportDeclaration: ({ source }) => check(source),
      ExportNamedDeclaration: ({ source }) => check(source),
      ExportAllDeclaration: ({ source }) => check(source),
      ImportExpression: ({ source }) => check(source),
      TSImportType: (node) => check(node.source ?? node.argument?.literal),
    };
  },
};

export default tseslint.config(
  {
    ignores: [
      'dist',
      'dist-dev',
      'coverage',
      // Written by `npm run codegen`.
      'explorer/chat/generated',
      // These import code that a test generates; the test checks them.
      'test/clients/snippets/codegen-consumer.ts',
      'test/clients/snippets/relay-assistant-list.tsx',
      'test/clients/snippets/relay-follow-run.tsx',
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
    ignores: [
      'src/config.ts',
      'src/main.ts',
      'src/local-aiml/main.ts',
      'src/commands/**',
      'src/runtime/check-node-version.ts',
    ],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Read settings in src/config.ts only.' },
        {
          object: 'process',
          property: 'exit',
          message: 'Only entry points may end the process: throw an error instead.',
        },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { layers: { rules: { 'point-down': importsPointDown } } },
    rules: { 'layers/point-down': 'error' },
  },
  { files: ['*.js'], extends: [tseslint.configs.disableTypeChecked] },
);
