// docs/clients.md shows nothing that no test has run: each of its code blocks stands in a snippet, word for word.
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';

const FOLDER = 'test/clients/snippets';
const snippets = await Promise.all((await readdir(FOLDER)).map((file) => readFile(`${FOLDER}/${file}`, 'utf8')));
const doc = await readFile('docs/clients.md', 'utf8');
const blocks = [...doc.matchAll(/^```.*\n([^]*?)^```$/gm)].map(([, block = '']) => block);

const isQuoted = (block: string): boolean => snippets.some((snippet) => `\n${snippet}`.includes(`\n${block}`));
const unquoted = (text: readonly string[]): string[] => text.filter((block) => !isQuoted(block));

test('docs/clients.md quotes the snippets, word for word', () => {
  expect(blocks.length).toBeGreaterThanOrEqual(10);
  expect(unquoted(blocks)).toEqual([]);
});

test('a block that differs from its snippet in one word is found', () => {
  const first = blocks.find((block) => block.includes('possibleTypes')) ?? '';
  const changed = first.replace('possibleTypes', 'possibleType');
  expect(unquoted([changed])).toEqual([changed]);
});
