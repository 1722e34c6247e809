const runsSlowTests = process.env['SLOW_TESTS'] === '1';
// As in production, where graphql-js checks less of every value. The slow tests run as in development.
if (!runsSlowTests) process.env['NODE_ENV'] = 'production';

/**
 * Files that take long, for example because they start browsers or many processes: `npm test` leaves them out, SLOW_TESTS=1
 * and `test:one` include them. In the other files, test/support/slow.ts marks the tests that are slow.
 */
const slowFiles = [
  'browser/(chat|graphiql|landing)',
  'clients/(chat-libraries|check-breaking|codegen)',
  'commands/transfer',
  'deploy/dev',
  'faults/(conversation-writes|(conversations-)?history|fairness|matrix|outage)',
  'federation/gateway',
  'graphql/(conversation-privacy|large-responses)',
  'http/(flood|memory|slow-readers|starting|terminal|unwritable-log)',
  'local-aiml/process',
  'local-aiml/engine/(durability|history|soak)',
  'observability/',
  'replicas/',
  'streams/(load|reconnecting-clients|upstream-faults)',
  'unit/(package|regular-expressions)',
];

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
  testPathIgnorePatterns:
    runsSlowTests || process.env['SLOW_FILES'] === '1' ? [] : slowFiles.map((path) => `/test/${path}`),
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: { '\\.ts$': swc('ts'), '\\.tsx$': swc('tsx') },
  globalSetup: '<rootDir>/scripts/openai-schemas.js',
  setupFilesAfterEnv: [
    '<rootDir>/test/support/no-console.ts',
    '<rootDir>/test/support/cleanup.ts',
    '<rootDir>/test/support/retry.ts',
  ],
  // Far above what any test takes on an idle machine: the suite also runs beside other work.
  testTimeout: 240_000,
  // More than the two cores: much of the suite waits for processes, browsers and time-outs.
  maxWorkers: 4,
  // Jest keeps the modules of a test file in memory. A worker that has grown is replaced, as collecting its garbage costs
  // more CPU time than starting another.
  workerIdleMemoryLimit: '500MB',
};
