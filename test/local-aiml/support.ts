// Shared by the tests of the embedded AIML API: a folder, a server in this process or in another one, and a client.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { createLocalAiml, type LocalAiml, type LocalAimlOptions } from '../../src/local-aiml/server.ts';
import { cleanUpLater } from '../support/cleanup.ts';
import { runsSlowTests } from '../support/slow.ts';
import '../support/conformance/embedded-api.ts';
import { problemsOfResponse } from '../support/conformance/responses.ts';

const DIST = new URL('../../dist/local-aiml/', import.meta.url);
const MAIN = fileURLToPath(new URL('main.js', DIST));

/** In memory where there is such a folder: most of the time of a small test would be waiting for the disk. */
const PARENT = !runsSlowTests && existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(PARENT, 'local-aiml-'));
  cleanUpLater(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function startHere(options: Partial<LocalAimlOptions> = {}): Promise<LocalAiml> {
  const dataDir = options.dataDir ?? (await createFolder());
  const localAiml = await createLocalAiml({ host: '127.0.0.1', port: 0, ...options, dataDir });
  cleanUpLater(() => localAiml.stop());
  return localAiml;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // A test fails at its assertions if the type is wrong.
  readonly body: Record<string, unknown>;
}

export interface CallOptions {
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends a string unchanged and everything else as JSON. */
  readonly body?: unknown;
}

export async function call(url: string, request: string, options: CallOptions = {}): Promise<Reply> {
  const [method = '', path = ''] = request.split(' ');
  const { key = 'key-1', body, headers } = options;
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  // What a process of its own sends is not seen otherwise.
  const problem = problemsOfResponse({ method, url: path, status: response.status, body: text });
  if (problem !== undefined) throw new Error(`${request}: ${problem} in ${text}`);
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
  };
}

/** Creates an assistant and returns its id. */
export async function create(url: string, body: object = {}, options: CallOptions = {}): Promise<string> {
  const reply = await call(url, 'POST /assistants', { ...options, body: { model: 'gpt-4o', ...body } });
  if (reply.status !== 201) throw new Error(`not created: ${reply.text}`);
  return String(reply.body['id']);
}

export function idsOf(reply: Reply): unknown[] {
  return (reply.body['data'] as { id: unknown }[]).map(({ id }) => id);
}

export interface Exit {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
export interface Process {
  readonly child: ChildProcess;
  /** The URL that it printed. Rejects if the process ends before. */
  readonly url: Promise<string>;
  readonly exit: Promise<Exit>;
}

/** Starts a server in another process with these settings of runs. It is killed at the end. */
export function startProcessWith(dataDir: string, runs: object): Process {
  const code = `
    import { createLocalAiml } from ${JSON.stringify(new URL('server.js', DIST))};
    import { DEFAULT_RUN_SETTINGS } from ${JSON.stringify(new URL('settings.js', DIST))};
    const runs = { ...DEFAULT_RUN_SETTINGS, ...${JSON.stringify(runs)} };
    const { url } = await createLocalAiml({ host: '127.0.0.1', port: 0, dataDir: ${JSON.stringify(dataDir)}, runs });
    console.log('listening on ' + url);`;
  return startCommand([process.execPath, '--input-type=module', '-e', code]);
}

/** Starts the stand-alone process. `shell` runs before it in the same process, for example `ulimit`. */
export function startProcess(
  env: Readonly<Record<string, string>>,
  { args = [], shell }: { readonly args?: readonly string[]; readonly shell?: string } = {},
): Process {
  return startCommand([process.execPath, MAIN, ...args], env, shell);
}

function startCommand(command: readonly string[], env: Readonly<Record<string, string>> = {}, shell?: string): Process {
  const [file = '', ...rest] = shell === undefined ? command : ['sh', '-c', `${shell}; exec "$@"`, 'sh', ...command];
  const child = spawn(file, rest, {
    env: { PATH: process.env['PATH'] ?? '', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  const url = new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output.stdout += chunk;
      const found = /listening on (\S+)\n/.exec(output.stdout)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output.stderr += chunk));
    child.on('close', () => reject(new Error(`ended: ${output.stderr}`)));
  });
  url.catch(() => undefined);
  const exit = new Promise<Exit>((resolve) => child.on('close', (code) => resolve({ code, ...output })));
  cleanUpLater(() => {
    child.kill('SIGKILL');
    return exit;
  });
  return { child, url, exit };
}

/** Moves the clock of everything in this process until the end of the test. */
export function moveClock(seconds: number): void {
  const now = Date.now() + seconds * 1000;
  jest.spyOn(Date, 'now').mockReturnValue(now);
  cleanUpLater(() => jest.restoreAllMocks());
}
