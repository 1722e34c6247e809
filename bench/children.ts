/** The child processes of the bench: one for each server and one for the upstream. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Usage } from './reporter.ts';

export interface ChildOptions {
  readonly name: string;
  readonly script: URL;
  readonly environment: Readonly<Record<string, string>>;
  /** Where to write a CPU profile when the child ends; null for none. */
  readonly profileFolder: string | null;
}

const START_TIMEOUT_MS = 20_000;
const REPORTER = new URL('./reporter.js', import.meta.url).href;

export class Child {
  readonly name: string;
  readonly #process: ChildProcess;

  private constructor(name: string, process: ChildProcess) {
    this.name = name;
    this.#process = process;
  }

  /** Resolves with the child and its URL. The child's stderr goes to this process's stderr; its stdout is discarded. */
  static async start(options: ChildOptions): Promise<{ child: Child; url: URL }> {
    const { name, script, environment, profileFolder } = options;
    const profile =
      profileFolder === null
        ? []
        : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`, `--cpu-prof-name=${name}.cpuprofile`];
    const process_ = spawn(process.execPath, [...profile, '--import', REPORTER, fileURLToPath(script)], {
      env: { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', ...environment },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    const child = new Child(name, process_);
    try {
      return { child, url: await child.#listening() };
    } catch (error) {
      await child.stop();
      throw error;
    }
  }

  async usage(): Promise<Usage> {
    this.#process.send('usage');
    const [usage] = (await once(this.#process, 'message')) as [Usage];
    return usage;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    if (this.#process.connected) this.#process.disconnect();
    await exited;
  }

  #listening(): Promise<URL> {
    const output = this.#process.stdout;
    if (output === null) throw new Error(`${this.name} has no output`);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.name} did not start in time`)), START_TIMEOUT_MS);
      this.#process.once('exit', () => {
        clearTimeout(timer);
        reject(new Error(`${this.name} ended before it listened`));
      });
      const lines = createInterface({ input: output });
      lines.on('line', (line) => {
        const url = line.includes('listening') ? /http:[^\s"]+/.exec(line)?.[0] : undefined;
        if (url === undefined) return;
        clearTimeout(timer);
        lines.close();
        output.resume();
        resolve(new URL(url));
      });
    });
  }
}
