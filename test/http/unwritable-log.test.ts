// A log that cannot be written: a full device, a file at its size limit, a pipe without a reader.
// Needs the build.
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mapAtMost } from '../support/at-most.ts';
import { cleanUpLater } from '../support/cleanup.ts';
import { takePort } from '../support/port.ts';
import { listeningUrl, runProcess, type RunningProcess } from '../support/process.ts';
import { casesOf, slowTest } from '../support/slow.ts';
import { query } from '../support/service.ts';
import { until } from '../support/until.ts';

/** Each entry of an operation is longer than 200 bytes, so that these fill a file of 8 KiB. */
const MANY_OPERATIONS = 100;

/** The pipe takes 64 KiB, and the stream that reads from it holds as much. */
const ENOUGH_TO_FILL_A_PIPE = 600;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assistants-'));
  cleanUpLater(() => rm(folder, { recursive: true, force: true }));
});

const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/readyz`).then(
    ({ status }) => status === 200,
    () => false,
  );

async function runOperations(url: string, count = MANY_OPERATIONS): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `Operation${index}`);
  const results = await mapAtMost(10, names, (name) => query(url, `query ${name} { __typename }`));
  for (const { data } of results) expect(data).toEqual({ __typename: 'Query' });
}

async function droppedEntries(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^assistants_log_entries_dropped_total (\d+)$/m.exec(text)?.[1]);
}

async function expectToStop({ child, exit }: RunningProcess): Promise<void> {
  child.kill('SIGTERM');
  expect(await exit).toBe(0);
}

describe('the service', () => {
  test('starts, serves and stops on a full device, and counts the entries that it drops', async () => {
    const port = await takePort();
    const url = `http://127.0.0.1:${port}`;
    const service = runProcess({ DATA_DIR: folder, PORT: String(port) }, { shell: { redirect: '> /dev/full' } });
    await until(() => isReady(url));
    await runOperations(url);
    await until(async () => (await droppedEntries(url)) >= MANY_OPERATIONS);
    await expectToStop(service);
    expect(service.output()).toBe('');
  });

  slowTest('serves and stops after the reader of its pipe has closed it', async () => {
    const service = runProcess({ DATA_DIR: folder });
    const url = await listeningUrl(service);
    service.child.stdout.destroy();
    await runOperations(url);
    await until(async () => (await droppedEntries(url)) >= MANY_OPERATIONS);
    await expectToStop(service);
  });

  slowTest('serves and stops while the reader of its pipe does not read', async () => {
    const service = runProcess({ DATA_DIR: folder });
    const url = await listeningUrl(service);
    service.child.stdout.pause();
    await runOperations(url, ENOUGH_TO_FILL_A_PIPE);
    service.child.kill('SIGTERM');
    await new Promise((resolve) => service.child.once('exit', resolve));
    expect(service.child.exitCode).toBe(0);
  });

  slowTest('drops entries while its log file cannot grow, and logs complete lines again when it can', async () => {
    const file = join(folder, 'log');
    await writeFile(file, '');
    const shell = { before: 'ulimit -f 8', redirect: `>> ${file}` };
    const service = runProcess({ DATA_DIR: '/nonexistent', AIML_API_KEY: 'key', EXPLORER: 'false' }, { shell });
    const log = () => readFile(file, 'utf8');
    await until(async () => (await log()).includes('listening'));
    const url = /http:\/\/[^/"]+/.exec(await log())?.[0] ?? '';
    await runOperations(url);
    await until(async () => (await droppedEntries(url)) > 0);

    await truncate(file);
    await runOperations(url, 10);
    await until(async () => (await log()).includes('Operation9'));
    await expectToStop(service);
    const [restOfBegunEntry = '', ...lines] = (await log()).trimEnd().split('\n');
    expect(restOfBegunEntry).toMatch(/\}$/);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ level: 'info' });
    expect(lines.at(-1)).toContain('stopped');
  });
});

describe('a crash', () => {
  const CANARY = 'canary-of-a-message';
  /** Makes the process crash on a signal. */
  async function crashing(environment: Readonly<Record<string, string>>): Promise<Record<string, string>> {
    const module = join(folder, 'crash.mjs');
    const thrown = `new TypeError('${CANARY}', { cause: new Error('Bearer ${CANARY}') })`;
    await writeFile(
      module,
      `process.on('SIGUSR2', () => { throw ${thrown}; });
       process.on('SIGWINCH', () => { void Promise.reject(${thrown}); });`,
    );
    return { DATA_DIR: folder, NODE_OPTIONS: `--import ${pathToFileURL(module).href}`, ...environment };
  }

  test.each(
    casesOf(1, [
      ['an exception', 'SIGUSR2', 'production'],
      ['a rejection', 'SIGWINCH', 'production'],
      ['an exception, in development', 'SIGUSR2', 'development'],
    ] as const),
  )('by %s is one entry on standard error without the message, and exit code 1', async (_name, signal, mode) => {
    const service = runProcess(await crashing({ NODE_ENV: mode }));
    let errors = '';
    service.child.stderr.on('data', (text: string) => (errors += text));
    await listeningUrl(service);
    service.child.kill(signal);
    expect(await service.exit).toBe(1);
    const [line = '', ...others] = errors.trimEnd().split('\n');
    expect(others).toEqual([]);
    expect(JSON.parse(line)).toMatchObject({
      level: 'fatal',
      msg: 'crashed',
      err: { type: 'TypeError', cause: { type: 'Error' } },
    });
    expect(line).not.toContain(CANARY);
  });

  test.each(
    casesOf(1, [
      ['the log is full', '> /dev/full', /^\{"level":"fatal".*\}\n$/],
      ['standard error is full as well', '> /dev/full 2> /dev/full', /^$/],
    ] as const),
  )('ends the process with 1 where %s', async (_name, redirect, output) => {
    const port = await takePort();
    const service = runProcess(await crashing({ PORT: String(port) }), { shell: { redirect } });
    await until(() => isReady(`http://127.0.0.1:${port}`));
    service.child.kill('SIGUSR2');
    expect(await service.exit).toBe(1);
    expect(service.output()).toMatch(output);
  });

  slowTest('ends the process with 1 if its output is not read', async () => {
    const service = runProcess(await crashing({ NODE_ENV: 'production' }));
    const url = await listeningUrl(service);
    service.child.stdout.pause();
    service.child.stderr.pause();
    await runOperations(url, ENOUGH_TO_FILL_A_PIPE);
    service.child.kill('SIGUSR2');
    await new Promise((resolve) => service.child.once('exit', resolve));
    expect(service.child.exitCode).toBe(1);
  });
});
