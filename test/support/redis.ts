// A real redis-server (or valkey-server) for the test, on a free loopback port and without persistence.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { once } from 'node:events';
import { describe } from '@jest/globals';
import { Redis } from 'ioredis';
import { cleanUpLater } from './cleanup.ts';
import { takePort } from './port.ts';
import { until } from './until.ts';

const BINARY = (process.env['PATH'] ?? '')
  .split(delimiter)
  .flatMap((folder) => ['redis-server', 'valkey-server'].map((name) => join(folder, name)))
  .find((path) => existsSync(path));

/** Like `describe`, but skipped without a Redis, with the reason in its name. With `CI=true` it fails instead. */
export function describeWithRedis(name: string, tests: () => void): void {
  if (BINARY !== undefined || process.env['CI'] === 'true') {
    describe(name, tests);
    return;
  }
  const reason =
    'skipped, as there is neither a redis-server nor a valkey-server (Debian’s package redis-server has it)';
  process.stderr.write(`${name}: ${reason}\n`);
  describe.skip(`${name} (${reason})`, tests);
}

export interface TestRedis {
  readonly port: number;
  readonly url: string;
  /** A client to inspect and damage the data. */
  readonly client: Redis;
  /** Kills it, as in a crash; its data is lost. */
  kill(): Promise<void>;
  /** Starts it again on the same port, unless it is running. */
  restart(): Promise<void>;
  /** It accepts connections and commands, but sends no replies until `resume`. */
  hang(): void;
  resume(): void;
  stop(): Promise<void>;
}

export async function startRedis(args: readonly string[] = []): Promise<TestRedis> {
  if (BINARY === undefined) throw new Error('neither redis-server nor valkey-server is installed');
  const binary = BINARY;
  const folder = await mkdtemp(join(tmpdir(), 'redis-'));
  const port = await takePort();
  let server = await run();
  const client = new Redis(port, '127.0.0.1', { lazyConnect: true, disconnectTimeout: 0 });
  client.on('error', () => undefined);

  async function run(): Promise<ChildProcess> {
    const child = spawn(
      binary,
      ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder, '--daemonize', 'no', ...args],
      { stdio: 'ignore', cwd: folder },
    );
    await until(() => {
      if (child.exitCode !== null) throw new Error('redis-server ended before it listened');
      return isListening(port);
    });
    return child;
  }
  const hasEnded = () => server.exitCode !== null || server.signalCode !== null;
  const kill = async () => {
    if (hasEnded()) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  };
  const stop = async () => {
    client.disconnect();
    await kill();
    await rm(folder, { recursive: true, force: true });
  };
  cleanUpLater(stop);
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    client,
    kill,
    restart: async () => {
      if (hasEnded()) server = await run();
    },
    hang: () => void server.kill('SIGSTOP'),
    resume: () => void server.kill('SIGCONT'),
    stop,
  };
}

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    }).once('error', () => resolve(false));
  });
