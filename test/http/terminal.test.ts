// `npm start` on a terminal and under a service manager, with npm in between.
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { createDataDir, runNpm } from '../support/npm.ts';
import { listeningUrl } from '../support/process.ts';
import { slowTest } from '../support/slow.ts';
import { until } from '../support/until.ts';

let dataDir: string;

beforeAll(async () => {
  dataDir = await createDataDir();
});

describe('npm start', () => {
  slowTest('exits with 0 together with the service on a SIGTERM to npm', async () => {
    const npm = runNpm(dataDir);
    const url = await listeningUrl(npm);
    npm.child.kill('SIGTERM');
    // The output streams end with the service, the last process that holds them.
    expect(await npm.exit).toBe(0);
    expect(npm.output()).toContain('stopped');
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });

  slowTest('exits with 0 on a SIGTERM half a second after npm runs it, while it builds', async () => {
    const npm = runNpm(dataDir);
    // npm prints the command before it runs it.
    await until(() => npm.output().includes('scripts/start.js'));
    await sleep(500);
    npm.child.kill('SIGTERM');
    expect(await npm.exit).toBe(0);
  });

  const onLinux = process.platform === 'linux' ? slowTest : test.skip;

  onLinux('on a terminal prints six lines, npm’s included, and exits with 0 on Ctrl+C', async () => {
    // `script` of util-linux provides the terminal.
    const terminal = runNpm(dataDir, ['script', '-qec', 'exec npm start', '/dev/null']);
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
