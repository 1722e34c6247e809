// `npm start` on a terminal and under a service manager, with npm in between.
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

/** Overrides a developer's `.env`. */
const environment = (): Record<string, string | undefined> => ({
  PATH: process.env['PATH'],
  HOME: dataDir,
  // Stops npm from looking for a newer version of itself.
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
  // In its own process group, so that a failed test also kills the children of npm.
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
  slowTest('exits with 0 together with the service on a SIGTERM to npm', async () => {
    const npm = run('npm', ['start']);
    const url = await listeningUrl(npm);
    npm.child.kill('SIGTERM');
    // The output streams end with the service, the last process that holds them.
    expect(await npm.exit).toBe(0);
    expect(npm.output()).toContain('stopped');
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });

  const onLinux = process.platform === 'linux' ? slowTest : test.skip;

  onLinux('on a terminal prints six lines, npm’s included, and exits with 0 on Ctrl+C', async () => {
    // `script` of util-linux provides the terminal.
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
