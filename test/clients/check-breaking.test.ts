// `npm run check:breaking` as a process, in a folder with schemas of the test.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parseAcknowledgements } from '../../src/commands/schema-changes.ts';
import { runScript } from './support/frontend.ts';

const COMMAND = resolve('dist/commands/check-breaking.js');
const RELEASED = await readFile('schema/schema.graphql', 'utf8');
const MODEL = /"""The id of the model, for example[^"]*"""\s+model: String!\n/;
const REMOVED = "Field 'model' was removed from object type 'Assistant'";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'schema-'));
  await mkdir(join(folder, 'schema'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (file: string, text: string) => writeFile(join(folder, 'schema', file), text);
const read = (file: string) => readFile(join(folder, 'schema', file), 'utf8');
const run = (...args: string[]) => runScript(folder, COMMAND, args);

/** Checks the released schema with `change` applied. */
async function check(change: (sdl: string) => string, acknowledged: unknown = []) {
  const current = change(RELEASED);
  await write('released.graphql', RELEASED);
  await write('schema.graphql', current);
  await write('acknowledged-changes.json', JSON.stringify(acknowledged));
  const { code, output } = await run();
  return { code, lines: output.split('\n').filter((line) => line !== ''), current };
}

const withoutModel = (sdl: string) => sdl.replace(MODEL, '');
const withExtra = (sdl: string) => sdl.replace('type Assistant implements Node {', '$&\n  extra: String\n');
const withEnumValue = (sdl: string) => sdl.replace('enum SortOrder {', '$&\n  RANDOM\n');

describe('the check for breaking changes', () => {
  test('passes if nothing has changed', async () => {
    expect(await check((sdl) => sdl)).toMatchObject({
      code: 0,
      lines: ['Nothing has changed since the last release.'],
    });
  });

  test('fails if a field was removed, and says which one and what to do', async () => {
    const { code, lines } = await check(withoutModel);
    expect(code).toBe(1);
    expect(lines).toEqual([
      `breaking:     ${REMOVED}`,
      'Breaking: 1. Take back, or acknowledge in schema/acknowledged-changes.json.',
    ]);
  });

  test('passes if the change is acknowledged, and shows the reason', async () => {
    const reason = 'no caller asked for it in a year';
    const { code, lines } = await check(withoutModel, [{ change: REMOVED, reason }]);
    expect(lines).toEqual([`acknowledged: ${REMOVED} (${reason})`]);
    expect(code).toBe(0);
  });

  test('passes if a nullable field was added', async () => {
    const { code, lines } = await check(withExtra);
    expect(lines).toEqual(["safe:         Field 'extra' was added to object type 'Assistant'"]);
    expect(code).toBe(0);
  });

  test('lists a dangerous change and passes', async () => {
    const { code, lines } = await check(withEnumValue);
    expect(lines).toEqual(["dangerous:    Enum value 'RANDOM' was added to enum 'SortOrder'"]);
    expect(code).toBe(0);
  });

  test.each([
    ['a change that was not made', (sdl: string) => sdl, REMOVED],
    ['a change that is not breaking', withExtra, "Field 'extra' was added to object type 'Assistant'"],
  ])('fails if an acknowledgement names %s', async (_name, change, acknowledged) => {
    const { code, lines } = await check(change, [{ change: acknowledged, reason: 'r' }]);
    expect(code).toBe(1);
    expect(lines.at(-1)).toBe(
      `schema/acknowledged-changes.json acknowledges a change that is not breaking: ${acknowledged}`,
    );
  });

  test('compares with the new release after --release', async () => {
    const { current } = await check(withoutModel, [{ change: REMOVED, reason: 'r' }]);
    expect((await run('--release')).code).toBe(0);
    expect(await read('released.graphql')).toBe(current);
    expect(JSON.parse(await read('acknowledged-changes.json'))).toEqual([]);
    expect((await run()).code).toBe(0);
  });

  test('reports a missing file in one line, and prints its usage', async () => {
    expect(await run()).toEqual({
      code: 1,
      output: "schema/schema.graphql cannot be read: run this from the project's root\n",
    });
    const { code, output } = await run('--help');
    expect(code).toBe(0);
    expect(output).toMatch(/^Usage: npm run check:breaking/);
  });

  test('rejects acknowledgements without a reason, with their position', async () => {
    const { code, lines } = await check(withoutModel, [{ change: REMOVED, reason: ' ' }]);
    expect(code).toBe(1);
    expect(lines).toEqual([
      'schema/acknowledged-changes.json: entry 1 must have a "change" and a "reason", both in words',
    ]);
    expect(() => parseAcknowledgements('{')).toThrow('it is not JSON');
    expect(() => parseAcknowledgements('{}')).toThrow('it must be a list');
    expect(() => parseAcknowledgements('[null]')).toThrow('entry 1');
  });
});
