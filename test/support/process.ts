// The service as its own process, started as `npm start` starts it.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import type { Environment } from '../../src/config.ts';

export interface RunningProcess {
  readonly child: ChildProcessWithoutNullStreams;
  /** Everything on stdout and stderr so far. */
  readonly output: () => string;
  /** Resolves with the exit code, null where a signal ended it. */
  readonly exit: Promise<number | null>;
}

/** Runs a built entry point, `main.js` by default, with nothing of this process's environment but PATH. */
export function runProcess(environment: Environment, entry = 'main.js', args: readonly string[] = []): RunningProcess {
  const child = spawn(process.execPath, [resolve('dist', entry), ...args], {
    // Not the project's folder, where a developer may keep a file .env.
    cwd: tmpdir(),
    env: { PATH: process.env['PATH'], PORT: '0', ...environment },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  return { child, output: () => output, exit: once(child, 'close').then(([code]) => code as number | null) };
}

/** Waits for the line with `listening` and returns the URL in it, without a path. Rejects where the process ends first. */
export async function listeningUrl({ child, output, exit }: RunningProcess): Promise<string> {
  const ended = exit.then(() => {
    throw new Error(`ended before it listened: ${output()}`);
  });
  for (;;) {
    const line = output()
      .split('\n')
      .find((text) => text.includes('listening'));
    const origin = line === undefined ? null : /https?:\/\/[^/"\s]+/.exec(line)?.[0];
    if (origin !== undefined && origin !== null) {
      ended.catch(() => undefined);
      return origin;
    }
    await Promise.race([once(child.stdout, 'data'), ended]);
  }
}
