import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { cleanUpLater } from '../../support/cleanup.ts';

const command = resolve('dist/commands/emit-schema.js');
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'emit-schema-'));
});
afterEach(() => rm(folder, { recursive: true }));

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
const run = (...args: string[]): Promise<Run> =>
  new Promise((done) => {
    const child = execFile(process.execPath, [command, ...args], { cwd: folder }, (_, stdout, stderr) =>
      done({ code: child.exitCode, stdout, stderr }),
    );
    cleanUpLater(() => child.kill('SIGKILL'));
  });
const schemaFile = (): string => join(folder, 'schema/schema.graphql');

describe('the command that emits the schema', () => {
  test('writes the committed schema, after which the check passes', async () => {
    expect(await run()).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await readFile(schemaFile(), 'utf8')).toBe(await readFile('schema/schema.graphql', 'utf8'));
    expect(await run('--check')).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('fails with one line if the file is out of date, and does not change it', async () => {
    await mkdir(join(folder, 'schema'));
    await writeFile(schemaFile(), 'type Query { a: Int }\n');
    expect(await run('--check')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'schema/schema.graphql is out of date: run "npm run schema".\n',
    });
    expect(await readFile(schemaFile(), 'utf8')).toBe('type Query { a: Int }\n');
  });

  test('fails with one line if the file is missing', async () => {
    expect(await run('--check')).toMatchObject({
      code: 1,
      stderr: 'schema/schema.graphql is missing: run "npm run schema".\n',
    });
  });

  test('prints its usage, and rejects unknown options', async () => {
    expect(await run('--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('Usage: npm run schema') });
    expect(await run('--nix')).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^.+\n$/) });
  });
});
