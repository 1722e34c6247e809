// Documents agree with the code: lists that exist in both, and the paths that documents contain.
import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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
  const names = (text: string, pattern: RegExp) => [...new Set(matches(text, pattern))].sort();
  const settings = names(
    read('src/config.ts') + read('src/local-aiml/settings.ts') + read('src/runtime/settings.ts'),
    /(?:settings\.\w+|this\.(?:#proxy|text))\(\s*'([A-Z_]+)'/g,
  ).filter((name) => name !== 'NODE_ENV');

  test('are all in .env.example', () => {
    expect(names(read('.env.example'), /^([A-Z_]+)=/gm)).toEqual(settings);
  });

  test('are all in the README', () => {
    const section = read('README.md').split('\n## Settings\n')[1]?.split('\n## ')[0] ?? '';
    const named = names(
      section
        .split('\n')
        .map((line) => line.split('|')[1] ?? '')
        .join('\n'),
      /`([A-Z_]+)`/g,
    );
    expect(named).toEqual(settings);
  });
});

describe('the documents', () => {
  const documents = async () => [
    ...(await readdir('.')).filter((name) => name.endsWith('.md')),
    ...(await readdir('docs', { recursive: true }))
      .filter((name) => name.endsWith('.md'))
      .map((name) => join('docs', name)),
    'bench/README.md',
  ];

  test('name files that exist', async () => {
    const folders = ['src', 'test', 'docs', 'schema', 'deploy', 'explorer', 'scripts', 'bench'];
    const files = (await Promise.all(folders.map((folder) => readdir(folder, { recursive: true })))).flat();
    /** Files of readers' own projects, and files that commands write. Vector stores are the example of an entity to add. */
    const external = ['bench/results/last.json', 'codegen.ts', 'operations.ts', 'relay.config.json'];
    const missing: string[] = [];
    for (const document of await documents())
      for (const name of matches(
        read(document),
        /`((?:[\w.@-]+\/)*[\w.-]+\.(?:tsx?|js|json|graphql|yml|md)|[\w./-]+\/)`/g,
      )) {
        if (
          external.includes(name) ||
          name.includes('vector-store') ||
          !(name.endsWith('.ts') || folders.includes(name.split('/')[0] ?? ''))
        )
          continue;
        if (!existsSync(name) && !files.some((file) => file === name || file.endsWith(`/${name}`)))
          missing.push(`${document}: ${name}`);
      }
    expect(missing).toEqual([]);
  });

  test('link to files and headings that exist', async () => {
    const broken: string[] = [];
    for (const document of await documents())
      for (const [, target = ''] of read(document).matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
        const [path = '', anchor] = target.split('#');
        const file = path === '' ? document : join(dirname(document), path);
        if (!existsSync(file)) broken.push(`${document}: ${target}`);
        else if (anchor !== undefined && !headingsOf(file).includes(anchor)) broken.push(`${document}: ${target}`);
      }
    expect(broken).toEqual([]);
  });
});

/** The anchors that GitHub makes of them. */
function headingsOf(file: string): string[] {
  return Array.from(read(file).matchAll(/^#+ (.+)$/gm), ([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
}
