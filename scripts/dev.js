/**
 * `npm run dev`: compiles `src` without checking types, starts the service, and starts it again when a file is saved. A
 * second process has the packages loaded and takes over at the next restart. The compiler's type check runs beside them and
 * only reports errors.
 *
 * Files go to `dist-dev`, which is as deep as `dist`, so that the service finds the pages. `dist` stays what the last build
 * made.
 */
import './check-node.js';
import { fork, spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync, watch } from 'node:fs';
import { createRequire } from 'node:module';
import { setPriority } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transform } from '@swc/core';

const SOURCES = 'src';
const TARGET = 'dist-dev';
const COMPILER = createRequire(import.meta.url).resolve('typescript/bin/tsc');
/** Editors write a file in several steps; one restart follows all of them. */
const QUIET_MS = 20;
/** From a restart until the process for the next restart is started. */
const STANDBY_DELAY_MS = 1000;

/** `rewriteRelativeImportExtensions` is missing in the types of swc. */
const OPTIONS = /** @type {import('@swc/core').Options} */ ({
  jsc: {
    target: 'es2023',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: false, useDefineForClassFields: true },
    rewriteRelativeImportExtensions: true,
  },
  module: { type: 'es6' },
  sourceMaps: 'inline',
  swcrc: false,
});

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

/** Packages that the compiled files import. @type {Set<string>} */
const packages = new Set();
/** The compiled text of each file. A file that is saved without a change causes no restart. @type {Map<string, string | null>} */
const compiledFiles = new Map();
/** @type {ChildProcess | undefined} */
let service;
/** @type {ChildProcess | undefined} */
let standby;
/** @type {Set<string>} */
const changed = new Set();
/** @type {NodeJS.Timeout | undefined} */
let timer;
/** Whether the running service is older than the compiled files. */
let isOutdated = false;
let isRestarting = false;
let isStopping = false;

if (!existsSync('dist/explorer/manifest.json')) await import('../explorer/build.js');
await rm(TARGET, { recursive: true, force: true });
const files = (await readdir(SOURCES, { recursive: true })).filter(isSource);
if ((await Promise.all(files.map(compile))).includes('failed')) report('some files do not compile: save a fix');
watch(SOURCES, { recursive: true }, (_event, file) => {
  if (file === null || !isSource(file)) return;
  changed.add(file);
  clearTimeout(timer);
  timer = setTimeout(() => void restart(), QUIET_MS);
});
start();
const types = spawn(
  process.execPath,
  [COMPILER, '-p', 'tsconfig.build.json', '--noEmit', '--incremental', 'false', '--watch', '--preserveWatchOutput'],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
if (types.pid !== undefined) setPriority(types.pid, 19);
types.stdout.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
  if (text.includes('error TS')) process.stderr.write(text);
});

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
  process.on(signal, () => {
    isStopping = true;
    types.kill();
    standby?.kill();
    if (service?.exitCode !== null) process.exit(0);
    service.removeAllListeners('exit');
    service.on('exit', (code) => process.exit(code ?? 0));
    service.kill('SIGTERM');
  });

function start() {
  const next = standby ?? prepare();
  service = next;
  next.on('exit', (code) => report(`the service ended with ${code}: it starts again when a file is saved`));
  next.send('start');
  standby = undefined;
  // Later, so that it takes no CPU time from the service that starts.
  setTimeout(() => (standby ??= prepare()), STANDBY_DELAY_MS).unref();
}

/** Starts a process that has everything but the service. */
function prepare() {
  const main = pathToFileURL(resolve(TARGET, 'main.js')).href;
  return fork(join(import.meta.dirname, 'dev-service.js'), [main, ...packages], { execArgv: ['--enable-source-maps'] });
}

/** Compiles the changed files. Keeps the running service if something does not compile. */
async function restart() {
  if (isRestarting || isStopping) return;
  isRestarting = true;
  while (changed.size > 0) {
    const batch = [...changed];
    changed.clear();
    const compiled = await Promise.all(batch.map(compile));
    isOutdated ||= compiled.includes('changed');
    if (isOutdated && !compiled.includes('failed')) await replaceService();
  }
  isRestarting = false;
}

/** Kills the running service, so that an open stream does not delay the restart; its data survives that. */
async function replaceService() {
  isOutdated = false;
  const running = service;
  if (running?.exitCode === null && running.signalCode === null) {
    running.removeAllListeners('exit');
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await ended;
  }
  if (!isStopping) start();
}

/** @param {string} file @returns {Promise<'changed' | 'same' | 'failed'>} */
async function compile(file) {
  const source = join(SOURCES, file);
  const output = join(TARGET, file.replace(/\.ts$/, '.js'));
  if (!existsSync(source)) {
    await rm(output, { force: true });
    return toResult(file, null);
  }
  try {
    const { code } = await transform(await readFile(source, 'utf8'), {
      ...OPTIONS,
      filename: source,
      sourceFileName: join(
        '..',
        ...dirname(file)
          .split(/[/\\]/)
          .filter((part) => part !== '.')
          .map(() => '..'),
        source,
      ),
    });
    for (const [, name = ''] of code.matchAll(/\bfrom ["']([^."'][^"']*)["']/g)) packages.add(name);
    await mkdir(dirname(output), { recursive: true });
    await writeFile(output, code);
    return toResult(file, code);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    report(`${source}: ${message.split('Caused by:')[0]?.trim()}`);
    return 'failed';
  }
}

/** @param {string} file @param {string | null} code @returns {'changed' | 'same'} */
function toResult(file, code) {
  const result = compiledFiles.get(file) === code ? 'same' : 'changed';
  compiledFiles.set(file, code);
  return result;
}

/** @param {string} file */
function isSource(file) {
  return file.endsWith('.ts');
}

/** @param {string} text */
function report(text) {
  process.stderr.write(`dev: ${text}\n`);
}
