// The service as its own process, started as `npm start` starts it.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import type { Environment } from '../../src/runtime/environment.ts';
import { cleanUpLater } from './cleanup.ts';

export interface RunningProcess {
  readonly child: ChildProcessWithoutNullStreams;
  /** Everything on stdout and stderr so far. */
  readonly output: () => string;
  /** Resolves to the exit code; null if a signal ended the process. */
  readonly exit: Promise<number | null>;
}

export interface RunOptions {
  /** A built entry point; `main.js` by default. */
  readonly entry?: string | undefined;
  readonly args?: readonly string[];
  /** Limits and redirections of the process in bash, such as `ulimit -f 10` and `> /dev/full`. */
  readonly shell?: { readonly before?: string; readonly redirect?: string };
}

/**
 * Runs a built entry point; of this process's environment it gets only PATH. It is killed when the test or the file
 * has ended.
 */
export function runProcess(
  environment: Environment,
  { entry = 'main.js', args = [], shell }: RunOptions = {},
): RunningProcess {
  const command = [process.execPath, resolve('dist', entry), ...args];
  const script = `${shell?.before ?? ''}\nexec "$@" ${shell?.redirect ?? ''}`;
  const [file = '', ...rest] = shell === undefined ? command : ['bash', '--norc', '-c', script, 'bash', ...command];
  const child = spawn(file, rest, {
    // Not the project's folder, which may contain a developer's `.env`.
    cwd: tmpdir(),
    env: { PATH: process.env['PATH'], PORT: '0', ...environment },
  });
  return toRunningProcess(child);
}

export function toRunningProcess(child: ChildProcessWithoutNullStreams): RunningProcess {
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exit = once(child, 'close').then(([code]) => code as number | null);
  cleanUpLater(() => {
    // The 'close' event fires only after all output was read.
    child.stdout.destroy();
    child.stderr.destroy();
    child.kill('SIGKILL');
    return exit;
  });
  return { child, output: () => output, exit };
}

/** Waits for the entry `listening` and returns its URL without the path. Rejects if the process ends first. */
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
