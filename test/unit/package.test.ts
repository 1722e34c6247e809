// The package that `npm pack` creates, which is installed with its `dependencies` only. Needs the build.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly version: string;
  readonly bin: string;
  readonly dependencies: Readonly<Record<string, string>>;
};

/** Commands for developers, which run in a checkout. */
const DEVELOPMENT = ['src/commands/check-breaking.ts', 'src/commands/schema-changes.ts'];

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .map((file) => `src/${file}`)
  .filter((file) => file.endsWith('.ts') && !DEVELOPMENT.includes(file));

const packagesOf = (file: string): string[] =>
  Array.from(
    readFileSync(file, 'utf8').matchAll(/(?:\bfrom |^import |\bimport\()'((?:@[^/']+\/)?[^./'][^/']*)/gm),
    ([, name = '']) => name,
  ).filter((name) => !name.startsWith('node:'));

test('Every package that the sources import is a dependency, and every dependency is imported', () => {
  // type-graphql imports graphql-scalars as a peer dependency.
  const imported = new Set([...sources.flatMap(packagesOf), 'graphql-scalars']);
  expect([...imported].sort()).toEqual(Object.keys(manifest.dependencies).sort());
});

test('Every dependency is pinned to one version', () => {
  expect(Object.values(manifest.dependencies).filter((range) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(range))).toEqual([]);
});

test('The package contains the program, its pages and its schema, and no files that only developers need', () => {
  const json = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { encoding: 'utf8' });
  const [pack] = JSON.parse(json) as [{ readonly files: readonly { readonly path: string }[] }];
  const files = pack.files.map(({ path }) => path);
  expect(files).toEqual(
    expect.arrayContaining(['dist/main.js', 'dist/http/explorer/bundle.js', 'schema/schema.graphql', 'README.md']),
  );
  expect(files.filter((file) => /^(dist\/bench|src|test|node_modules)\/|\.tsbuildinfo$/.test(file))).toEqual([]);
});

test('The program of the package prints its version', () => {
  expect(readFileSync(manifest.bin, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  expect(execFileSync(process.execPath, [manifest.bin, '--version'], { encoding: 'utf8' })).toBe(
    `${manifest.version}\n`,
  );
});
