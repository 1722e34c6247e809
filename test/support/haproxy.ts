// HAProxy with the configuration of deploy/, in front of replicas on loopback.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { cleanUpLater } from './cleanup.ts';
import { takePort } from './port.ts';
import { until } from './until.ts';

function isInstalled(): boolean {
  try {
    execFileSync('haproxy', ['-v'], { stdio: 'ignore', env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` } });
    return true;
  } catch {
    return false;
  }
}

/** CI installs HAProxy; elsewhere, tests that need it are skipped if it is missing. */
export const describeWithHaproxy: typeof describe =
  isInstalled() || process.env['CI'] !== undefined ? describe : (describe.skip as typeof describe);

/** Returns its URL once it forwards requests. It stops with the test or the file. */
export async function startHaproxy(replicas: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'haproxy-'));
  cleanUpLater(() => rm(folder, { recursive: true, force: true }));
  const port = await takePort();
  const servers = replicas.map((url, index) => `  server replica-${index} ${new URL(url).host} check inter 100ms fall 1 rise 1`); // prettier-ignore
  const config = (await readFile('deploy/haproxy.cfg', 'utf8'))
    .replace(/^resolvers docker\n(?: .*\n)*/m, '')
    .replace('bind :4000', `bind 127.0.0.1:${port}`)
    .replace(/^ *server-template .*$/m, servers.join('\n'));
  const file = join(folder, 'haproxy.cfg');
  await writeFile(file, config);
  const child = spawn('haproxy', ['-f', file, '-db'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` },
  });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exit = once(child, 'exit');
  cleanUpLater(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  const url = `http://127.0.0.1:${port}`;
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`haproxy has ended: ${output}`);
    return fetch(`${url}/healthz`).then(
      ({ status }) => status === 200,
      () => false,
    );
  });
  return url;
}
