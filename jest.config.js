// As in production, where graphql-js checks less of every value. The slow tests run as in development.
if (process.env['SLOW_TESTS'] !== '1') process.env['NODE_ENV'] = 'production';

/** Compiles one kind of file. */
const swc = (syntax) => [
  '@swc/jest',
  {
    jsc: {
      target: 'es2023',
      parser: { syntax: 'typescript', decorators: true, tsx: syntax === 'tsx' },
      transform: {
        legacyDecorator: true,
        decoratorMetadata: false,
        useDefineForClassFields: true,
        ...(syntax === 'tsx' && { react: { runtime: 'automatic' } }),
      },
    },
    module: { type: 'es6' },
  },
];

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: { '\\.ts$': swc('ts'), '\\.tsx$': swc('tsx') },
  globalSetup: '<rootDir>/scripts/openai-schemas.js',
  setupFilesAfterEnv: [
    '<rootDir>/test/support/no-console.ts',
    '<rootDir>/test/support/cleanup.ts',
    '<rootDir>/test/support/retry.ts',
  ],
  // Far above what any test takes on an idle machine: the suite also runs beside other work.
  testTimeout: 120_000,
  // More than the two cores: much of the suite waits for processes, browsers and time-outs.
  maxWorkers: 4,
  // Jest keeps the modules of a test file in memory. A worker that has grown is replaced, as collecting its garbage costs
  // more CPU time than starting another.
  workerIdleMemoryLimit: '500MB',
};
