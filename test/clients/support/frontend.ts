// A frontend in a temporary folder for tools that generate code. They run there in processes of their own, as in a
// frontend's repository, and write nothing into this repository.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { cleanUpLater } from '../../support/cleanup.ts';

export interface Frontend {
  readonly folder: string;
  write(file: string, text: string): Promise<void>;
  /** Runs a script of an installed package, for example `typescript/bin/tsc`. Returns its output. */
  run(script: string, ...args: string[]): Promise<{ readonly code: number; readonly output: string }>;
  remove(): Promise<void>;
}

/** Creates the frontend with the emitted schema, the installed packages and copies of `files`: `{ to: from }`. */
export async function createFrontend(files: Readonly<Record<string, string>>): Promise<Frontend> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'frontend-')));
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module", "private": true }');
  for (const [to, from] of Object.entries({ 'schema.graphql': 'schema/schema.graphql', ...files })) {
    await mkdir(dirname(join(folder, to)), { recursive: true });
    await copyFile(from, join(folder, to));
  }
  return {
    folder,
    write: async (file, text) => {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), text);
    },
    run: (script, ...args) => runScript(folder, resolve('node_modules', script), args),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Runs a script to its end. Of this process's environment it gets only PATH. */
export const runScript = (cwd: string, script: string, args: readonly string[]) =>
  new Promise<{ readonly code: number; readonly output: string }>((done) => {
    const env = { PATH: process.env['PATH'] };
    const child = execFile(process.execPath, [script, ...args], { cwd, env }, (_error, stdout, stderr) =>
      done({ code: child.exitCode ?? 1, output: stdout + stderr }),
    );
    cleanUpLater(() => child.kill('SIGKILL'));
  });
