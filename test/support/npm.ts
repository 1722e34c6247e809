// The service as a newcomer starts it: by npm.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanUpLater } from './cleanup.ts';
import { toRunningProcess, type RunningProcess } from './process.ts';

/** An empty folder for the embedded API. It is deleted after the test, or the file. */
export async function createDataDir(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'assistants-'));
  cleanUpLater(() => rm(dataDir, { recursive: true, force: true }));
  return dataDir;
}

/** Runs a command that starts the service, `npm start` by default. It is ended with the test, or with the file. */
export function runNpm(
  dataDir: string,
  [command = 'npm', ...args]: readonly string[] = ['npm', 'start'],
): RunningProcess {
  // In its own process group, so that a failed test also kills the children of npm.
  const child = spawn(command, args, { env: environment(dataDir), detached: true });
  cleanUpLater(() => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The group has ended.
    }
  });
  return toRunningProcess(child);
}

/** Overrides a developer's `.env`. */
const environment = (dataDir: string): Record<string, string | undefined> => ({
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
