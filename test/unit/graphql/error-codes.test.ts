import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { buildSchema } from 'graphql';
import { errorCodes } from '../../../src/graphql/errors.ts';

const codes = Object.keys(errorCodes).sort();

/** The codes that lines begin with; `pattern` finds one at the beginning of its line. */
const codesIn = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, code = '']) => code).sort();

describe('the error codes', () => {
  test('of the README are those of the code', async () => {
    const readme = await readFile('README.md', 'utf8');
    const section = /^## Errors\n([^]*?)(?=^## )/m.exec(readme)?.[1] ?? '';
    expect(codesIn(section, /^\| *`([A-Z_]+)` *\|/gm)).toEqual(codes);
  });

  test('of the schema are those of the code, each with the same description', async () => {
    const schema = buildSchema(await readFile('schema/schema.graphql', 'utf8'));
    const description = schema.getQueryType()?.description ?? '';
    expect(codesIn(description, /^- `([A-Z_]+)`: /gm)).toEqual(codes);
    for (const [code, entry] of Object.entries(errorCodes))
      expect(description).toContain(`- \`${code}\`: ${entry.description}`);
  });
});
