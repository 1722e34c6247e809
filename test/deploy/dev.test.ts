// `npm run dev` and the other commands of a developer, on a copy of the sources.
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { cleanUpLater } from '../support/cleanup.ts';
import { listeningUrl, toRunningProcess } from '../support/process.ts';
import { slowTest } from '../support/slow.ts';
import { until } from '../support/until.ts';

/** A folder with the files that the command reads. */
async function copyProject(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'assistants-dev-'));
  cleanUpLater(() => rm(folder, { recursive: true, force: true }));
  for (const name of ['src', 'scripts', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'dist/explorer'])
    await cp(name, join(folder, name), { recursive: true });
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  return folder;
}

describe('npm run dev', () => {
  slowTest(
    'restarts after a change, keeps serving while a file does not compile, and exits with the service',
    async () => {
      const folder = await copyProject();
      const child = spawn(process.execPath, ['scripts/dev.js'], {
        cwd: folder,
        env: { PATH: process.env['PATH'], PORT: '0', DATA_DIR: join(folder, '.data') },
      });
      const dev = toRunningProcess(child);
      await listeningUrl(dev);
      const url = () =>
        Array.from(dev.output().matchAll(/"(http:[^"]+)\/graphql"/g), ([, found]) => found).at(-1) ?? '';
      const health = async () => {
        const response = await fetch(`${url()}/healthz`).catch(() => null);
        return response?.text() ?? '';
      };
      const file = join(folder, 'src/http/app.ts');
      const source = await readFile(file, 'utf8');
      const save = (status: string) => writeFile(file, source.replace("({ status: 'ok' })", `({ status: ${status} })`));

      await save("'changed'");
      await until(async () => (await health()).includes('changed'));

      await save("'broken");
      await until(() => dev.output().includes('src/http/app.ts: '));
      expect(await health()).toContain('changed');

      await save("'fixed'");
      await until(async () => (await health()).includes('fixed'));
      child.kill('SIGTERM');
      expect(await dev.exit).toBe(0);
    },
  );
});

describe('an old Node.js', () => {
  test.each([
    'dist/main.js',
    'dist/local-aiml/main.js',
    'dist/commands/export.js',
    'dist/commands/import.js',
    'dist/commands/seed.js',
    'scripts/build.js',
  ])('gets one line and exit code 1 from %s', async (entry) => {
    const pretend = "Object.defineProperty(process.versions, 'node', { value: '18.20.8' });";
    const child = spawn(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, entry]);
    const old = toRunningProcess(child);
    expect(await old.exit).toBe(1);
    expect(old.output()).toMatch(/^assistants-graphql: Node\.js 18\.20\.8 is too old: .* needs 20\.19 or newer\n$/);
  });
});

describe('a package that is not installed', () => {
  test('is reported in one line that names npm ci', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'assistants-bare-'));
    cleanUpLater(() => rm(folder, { recursive: true, force: true }));
    for (const name of ['scripts', 'package.json']) await cp(name, join(folder, name), { recursive: true });
    const build = toRunningProcess(spawn(process.execPath, ['scripts/build.js'], { cwd: folder }));
    expect(await build.exit).toBe(1);
    expect(build.output()).toMatch(/^assistants-graphql: .*npm ci.*\n$/);
  });
});
