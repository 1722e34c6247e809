// `npm start` as a person and a service manager meet it: npm is in between.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cleanUpLater } from '../support/cleanup.ts';
import { slowTest } from '../support/slow.ts';
import { until } from '../support/until.ts';
import { listeningUrl, toRunningProcess, type RunningProcess } from '../support/process.ts';

let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'assistants-'));
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

/** What a developer's own file .env could set is set here. */
const environment = (): Record<string, string | undefined> => ({
  PATH: process.env['PATH'],
  HOME: dataDir,
  // npm would ask its registry for a newer npm.
  npm_config_update_notifier: 'false',
  PORT: '0',
  HOST: '127.0.0.1',
  UPSTREAM: 'local',
  AUTH_MODE: 'none',
  EXPLORER: 'true',
  DATA_DIR: dataDir,
  LOG_LEVEL: 'info',
});

function run(command: string, args: readonly string[]): RunningProcess {
  // In a process group of its own, so that what npm started is killed with it where a test fails.
  const child = spawn(command, args, { env: environment(), detached: true });
  cleanUpLater(() => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The group has ended.
    }
  });
  return toRunningProcess(child);
}

describe('npm start', () => {
  slowTest('ends with the service, and with 0, at a SIGTERM to npm', async () => {
    const npm = run('npm', ['start']);
    const url = await listeningUrl(npm);
    npm.child.kill('SIGTERM');
    // The streams end with the last process that holds them, which is the service.
    expect(await npm.exit).toBe(0);
    expect(npm.output()).toContain('stopped');
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });

  const onLinux = process.platform === 'linux' ? test : test.skip;

  onLinux('on a terminal says all in six lines, npm’s own included, and ends with 0 at Ctrl+C', async () => {
    // util-linux's `script` is the terminal.
    const terminal = run('script', ['-qec', 'exec npm start', '/dev/null']);
    const url = await listeningUrl(terminal);
    await until(() => terminal.output().includes('Ctrl+C'));
    const lines = terminal
      .output()
      .split(/\r?\n/)
      .filter((line) => line.trim() !== '');
    expect(lines).toEqual([
      expect.stringMatching(/^> assistants-graphql@/),
      expect.stringMatching(/^> /),
      `  explore    ${url}/`,
      `  listening  ${url}/graphql`,
      `  works on   the embedded AIML API, its data in ${dataDir}; runs by the built-in model, which is no AI`,
      `  next       npm run seed -- ${url}, in a second terminal; Ctrl+C stops`,
    ]);
    terminal.child.stdin.write('\u0003');
    expect(await terminal.exit).toBe(0);
    expect(terminal.output()).not.toMatch(/error|ERR/i);
  });
});
