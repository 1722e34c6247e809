/**
 * `npm run check:node-versions`: runs the built service, and a group of tests, on newer versions of Node.js than the one that
 * builds it. On one that is too old, every entry point must say so in one line. The binaries come from npm, into a temporary
 * folder, from packages without install scripts. Names the version that failed, and exits with 1.
 */
import './check-node.js';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const VERSIONS = ['22', '24'];
const OLD_VERSION = '18';
const ENTRY_POINTS = [
  'dist/main.js',
  'dist/local-aiml/main.js',
  ...['check-breaking', 'emit-schema', 'export', 'import', 'seed', 'write-manifest'].map(
    (name) => `dist/commands/${name}.js`,
  ),
  ...['build', 'dev', 'screenshots', 'start', 'try-node-versions'].map((name) => `scripts/${name}.js`),
];
const PACKAGE = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
/** The parts that depend most on Node.js: HTTP, streams, the native module of the store, and the process itself. */
const TESTS = [
  'test/http/every-response.test.ts',
  'test/http/text.test.ts',
  'test/local-aiml/store.test.ts',
  'test/streams/run-events.test.ts',
];
const TIMEOUT_MS = 120_000;

const folder = await mkdtemp(join(tmpdir(), 'node-versions-'));
try {
  // One after the other: the tests of each use all processors.
  for (const version of VERSIONS)
    await check(version, (node, prefix) => [
      ['the service', () => useService(node, join(prefix, 'data'))],
      [
        'tests',
        () => run([node, '--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', ...TESTS]),
      ],
    ]);
  await check(OLD_VERSION, (node) => ENTRY_POINTS.map((entry) => [entry, () => expectTooOld(node, entry)]));
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** @typedef {readonly [name: string, run: () => Promise<void>]} Step */

/** @param {string} version @param {(node: string, prefix: string) => readonly Step[]} stepsOf */
async function check(version, stepsOf) {
  const prefix = join(folder, version);
  const npm = ['npm', 'install', '--prefix', prefix, '--no-save', '--ignore-scripts', '--silent'];
  const node = join(prefix, 'node_modules', PACKAGE, 'bin', 'node');
  /** @type {Step} */
  const install = ['install', () => run(npm.concat(`${PACKAGE}@${version}`))];
  const steps = stepsOf(node, prefix);
  for (const [name, step] of [install, ...steps])
    try {
      await step();
    } catch (error) {
      process.stderr.write(`Node.js ${version}, ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 1;
      return;
    }
  process.stdout.write(`Node.js ${version}: ${steps.map(([name]) => name).join(', ')}: as expected\n`);
}

/** @param {string} node @param {string} entry */
async function expectTooOld(node, entry) {
  const child = spawn(node, [entry], { cwd: ROOT, timeout: TIMEOUT_MS });
  const output = outputOf(child);
  const code = await exitCodeOf(child);
  if (code !== 1 || !/^assistants-graphql: Node\.js \S+ is too old: .*\n$/.test(output()))
    throw new Error(`exit code ${String(code)}\n${output()}`);
}

/** Rejects with the output unless the exit code is 0. @param {readonly string[]} command */
async function run([file = '', ...args]) {
  const child = spawn(file, args, { cwd: ROOT, timeout: TIMEOUT_MS });
  const output = outputOf(child);
  const code = await exitCodeOf(child);
  if (code !== 0) throw new Error(`exit code ${String(code)}\n${output()}`);
}

/** A list, a run with its stream, and the end of the process. @param {string} node @param {string} dataDir */
async function useService(node, dataDir) {
  const child = spawn(node, ['dist/main.js'], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], PORT: '0', UPSTREAM: 'local', DATA_DIR: dataDir },
    timeout: TIMEOUT_MS,
  });
  const output = outputOf(child);
  const exit = exitCodeOf(child);
  try {
    const url = await listeningUrl(child, output, exit);
    await query(url, '{ assistants(first: 1) { nodes { id } } }');
    const created = await query(url, 'mutation { createAssistant(input: { model: "m" }) { assistant { id } } }');
    const { assistant } = /** @type {{ assistant: { id: string } }} */ (created['createAssistant']);
    const started = await query(
      url,
      'mutation ($id: ID!) { createThreadAndRun(input: { assistantId: $id, thread: { messages: [{ text: "/words 50" }] } }) { run { id threadId } } }',
      { id: assistant.id },
    );
    const { run: following } = /** @type {{ run: { id: string, threadId: string } }} */ (started['createThreadAndRun']);
    await follow(url, following);
  } finally {
    child.kill('SIGTERM');
  }
  const code = await exit;
  if (code !== 0) throw new Error(`the service ended with ${String(code)}\n${output()}`);
}

/**
 * @param {import('node:child_process').ChildProcessWithoutNullStreams} child
 * @param {() => string} output
 * @param {Promise<unknown>} exit
 * @returns {Promise<string>}
 */
async function listeningUrl(child, output, exit) {
  for (;;) {
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(output()) ?? [];
    if (url !== undefined) return url;
    const hasEnded = await Promise.race([once(child.stdout, 'data').then(() => false), exit.then(() => true)]);
    if (hasEnded) throw new Error(`the service did not start\n${output()}`);
  }
}

/**
 * @param {string} url
 * @param {string} document
 * @param {Readonly<Record<string, unknown>>} [variables]
 * @returns {Promise<Readonly<Record<string, unknown>>>}
 */
async function query(url, document, variables) {
  const response = await send(url, 'application/json', { query: document, variables });
  const { data, errors } = /** @type {{ data?: Record<string, unknown>, errors?: unknown }} */ (await response.json());
  if (!data || errors) throw new Error(`a query failed: ${JSON.stringify(errors)}`);
  return data;
}

/** Reads the events of a run to the end. @param {string} url @param {{ id: string, threadId: string }} run */
async function follow(url, { id, threadId }) {
  const document =
    'subscription ($t: ID!, $r: ID!) { runEvents(threadId: $t, runId: $r) { event ... on RunStateEvent { run { status } } } }';
  const variables = { t: threadId, r: id };
  const text = await (await send(url, 'text/event-stream', { query: document, variables })).text();
  if (!text.includes('"COMPLETED"') || !text.includes('event: complete'))
    throw new Error(`the stream was cut: ${text}`);
}

/** @param {string} url @param {string} accept @param {object} body */
function send(url, accept, body) {
  return fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { accept, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<number | null>} null if a signal ended it
 */
function exitCodeOf(child) {
  return new Promise((resolve, reject) => child.once('close', resolve).once('error', reject));
}

/** @param {import('node:child_process').ChildProcessWithoutNullStreams} child */
function outputOf({ stdout, stderr }) {
  let output = '';
  for (const stream of [stdout, stderr]) stream.setEncoding('utf8').on('data', (text) => (output += String(text)));
  return () => output;
}
