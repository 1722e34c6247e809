// Every code block of docs/clients.md is a verbatim quote from a snippet that a test runs.
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';

const FOLDER = 'test/clients/snippets';
const snippets = await Promise.all((await readdir(FOLDER)).map((file) => readFile(`${FOLDER}/${file}`, 'utf8')));
const doc = await readFile('docs/clients.md', 'utf8');
const blocks = [...doc.matchAll(/^```.*\n([^]*?)^```$/gm)].map(([, block = '']) => block);

const isQuoted = (block: string): boolean => snippets.some((snippet) => `\n${snippet}`.includes(`\n${block}`));
const unquoted = (text: readonly string[]): string[] => text.filter((block) => !isQuoted(block));

test('docs/clients.md quotes the snippets verbatim', () => {
  expect(blocks.length).toBeGreaterThanOrEqual(10);
  expect(unquoted(blocks)).toEqual([]);
});

test('the check finds a block that differs from its snippet in one word', () => {
  const first = blocks.find((block) => block.includes('possibleTypes')) ?? '';
  const changed = first.replace('possibleTypes', 'possibleType');
  expect(unquoted([changed])).toEqual([changed]);
});
