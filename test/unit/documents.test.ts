// What stands in more than one place stands there alike.
import { readFileSync } from 'node:fs';
import { buildSchema } from 'graphql';
import { describe, expect, test } from '@jest/globals';
import { errorCodes } from '../../src/graphql/errors/codes.ts';

const read = (file: string): string => readFileSync(file, 'utf8');
const matches = (text: string, pattern: RegExp): string[] =>
  Array.from(text.matchAll(pattern), ([, name]) => name ?? '').sort();

describe('the error codes', () => {
  const codes = Object.keys(errorCodes).sort();

  test('of the README are those of the registry', () => {
    const section = read('README.md').split('\n## Errors\n')[1]?.split('\n## ')[0] ?? '';
    expect(matches(section, /^\| `([A-Z_]+)` /gm)).toEqual(codes);
  });

  test('of the schema are those of the registry', () => {
    const description = buildSchema(read('schema/schema.graphql')).getQueryType()?.description ?? '';
    expect(matches(description, /^- `([A-Z_]+)`: /gm)).toEqual(codes);
  });
});

describe('the settings', () => {
  const settings = [...new Set(matches(read('src/config.ts'), /(?:settings\.\w+\(|missing\()'([A-Z_]+)'/g))].filter(
    (name) => name !== 'NODE_ENV',
  );

  test('that are read are all in .env.example', () => {
    expect(matches(read('.env.example'), /^([A-Z_]+)=/gm)).toEqual(settings);
  });

  test('that are read are all in the README', () => {
    const section = read('README.md').split('\n## Settings\n')[1]?.split('\n## ')[0] ?? '';
    const named = matches(
      section
        .split('\n')
        .map((line) => line.split('|')[1] ?? '')
        .join('\n'),
      /`([A-Z_]+)`/g,
    );
    expect(named).toEqual(settings);
  });
});
