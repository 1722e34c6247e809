// The package that `npm pack` creates, which is installed with its `dependencies` only. Needs the build.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly version: string;
  readonly bin: string;
  readonly dependencies: Readonly<Record<string, string>>;
};

interface Lock {
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly dev?: boolean;
        readonly engines?: { readonly node?: string };
        readonly dependencies?: Readonly<Record<string, string>>;
      }
    >
  >;
}

/** Commands for developers, which run in a checkout. */
const DEVELOPMENT = ['src/commands/check-breaking.ts', 'src/commands/schema-changes.ts'];

/**
 * Dependencies of Apollo Server and Fastify whose later versions need packages for Node.js 22. They are direct dependencies,
 * because `overrides` do not apply to a package that is installed from its tarball.
 */
const PINNED = ['@graphql-tools/merge', '@graphql-tools/schema', 'light-my-request'];

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
  const direct = Object.keys(manifest.dependencies).filter((name) => !PINNED.includes(name));
  expect([...imported].sort()).toEqual(direct.sort());
});

test('Every dependency is pinned to one version', () => {
  expect(Object.values(manifest.dependencies).filter((range) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(range))).toEqual([]);
});

test('No package that is installed with this one needs a newer Node.js', () => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock;
  const installed = Object.entries(packages).filter(([path, { dev }]) => path !== '' && !dev);
  expect(installed.filter(([, { engines }]) => /^>=? ?2[1-9]/.test(engines?.node ?? '')).map(([path]) => path)).toEqual(
    [],
  );
  // The overrides of this checkout do not apply to the package, so the ranges themselves have to exclude later versions.
  const ranges = installed.flatMap(([, { dependencies = {} }]) =>
    ['cookie', '@whatwg-node/promise-helpers'].flatMap((name) => dependencies[name] ?? []),
  );
  expect(ranges.filter((range) => !range.startsWith('^1.'))).toEqual([]);
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
