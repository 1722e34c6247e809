/**
 * Bundles the HTML pages (the landing page, the chat, and GraphiQL with the example operations) from installed packages into
 * `dist/explorer`: every file compressed, scripts and styles named after their content, and a manifest of them for the
 * service. Does nothing if the last bundle was made from the same files.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { Kind, parse } from 'graphql';

const ROOT = join(import.meta.dirname, '..');
const SOURCES = import.meta.dirname;
const OPERATIONS = join(ROOT, 'schema', 'operations');
const TARGET = join(ROOT, 'dist', 'explorer');

/** By the label that GraphiQL's editor requests. The packages are those that GraphiQL itself uses. */
const WORKERS = {
  editor: 'monaco-editor/esm/vs/editor/editor.worker.js',
  json: 'monaco-editor/esm/vs/language/json/json.worker.js',
  graphql: 'monaco-graphql/esm/graphql.worker.js',
};

const CONTENT_TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.ttf': 'font/ttf',
};

const key = await digestOf([
  join(ROOT, 'package-lock.json'),
  ...(await filesOf(SOURCES)),
  ...(await filesOf(OPERATIONS)),
]);
if ((await lastKey()) !== key) await bundle();

async function bundle() {
  // It takes some seconds at the first start of the service.
  if (process.stderr.isTTY) process.stderr.write('bundling the explorer …');
  const scripts = await bundleScripts();
  const pages = {
    landing: await renderPage('landing', 'landing', scripts, {
      title: 'Assistants over GraphQL',
      body: await readFile(join(SOURCES, 'landing.html'), 'utf8'),
    }),
    graphiql: await renderPage('graphiql', 'app', scripts, {
      title: 'Assistants – GraphiQL',
      body: '<main id="root">Opening the explorer, which needs JavaScript …</main>',
    }),
    chat: await renderPage('chat', 'chat', scripts, {
      title: 'Assistants – Chat',
      body: '<div id="root">Opening the chat, which needs JavaScript …</div>',
    }),
  };
  // Moved into place when it is complete, so that an interrupted build leaves no partial bundle.
  const folder = `${TARGET}-${process.pid}`;
  await mkdir(folder, { recursive: true });
  /** @type {Record<string, { contentType: string, etag: string }>} */
  const files = {};
  for (const { name, contents } of [...scripts, ...Object.values(pages)]) {
    const extension = /** @type {keyof typeof CONTENT_TYPES} */ (extname(name));
    files[name] = { contentType: CONTENT_TYPES[extension], etag: digest(contents).slice(0, 16) };
    await writeFile(join(folder, `${name}.gz`), gzipSync(contents, { level: 9 }));
  }
  const manifest = {
    key,
    pages: { landing: pages.landing.name, graphiql: pages.graphiql.name, chat: pages.chat.name },
    files,
  };
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest, null, 2));
  await rm(TARGET, { recursive: true, force: true });
  await rename(folder, TARGET);
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
}

/** @typedef {{ name: string, contents: Uint8Array }} File */

/** @returns {Promise<File[]>} */
async function bundleScripts() {
  const fromGraphiql = createRequire(createRequire(import.meta.url).resolve('@graphiql/react'));
  /** @type {import('esbuild').BuildOptions} */
  const options = {
    bundle: true,
    minify: true,
    write: false,
    outdir: TARGET,
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    target: 'es2022',
    logLevel: 'warning',
    loader: { '.ttf': 'file' },
    legalComments: 'none',
  };
  const workers = await build({
    ...options,
    entryPoints: Object.fromEntries(
      Object.entries(WORKERS).map(([label, path]) => [`${label}-worker`, fromGraphiql.resolve(path)]),
    ),
    format: 'iife',
  });
  const workerFiles = toFiles(workers.outputFiles ?? []);
  const app = await build({
    ...options,
    entryPoints: {
      app: join(SOURCES, 'app.tsx'),
      landing: join(SOURCES, 'landing.ts'),
      chat: join(SOURCES, 'chat', 'main.tsx'),
    },
    format: 'esm',
    splitting: true,
    define: {
      'process.env.NODE_ENV': '"production"',
      EXAMPLES: JSON.stringify(await readExamples()),
      WORKER_FILES: JSON.stringify(
        Object.fromEntries(Object.keys(WORKERS).map((label) => [label, named(workerFiles, `${label}-worker`, '.js')])),
      ),
    },
  });
  // esbuild repeats the styles of a chunk that is loaded later in a file of its own, which no page loads.
  const appFiles = toFiles(app.outputFiles ?? []).filter(
    ({ name }) => extname(name) !== '.css' || /^(?:app|landing|chat)-/.test(name),
  );
  return [...workerFiles, ...appFiles];
}

/** @param {readonly import('esbuild').OutputFile[]} outputs @returns {File[]} */
function toFiles(outputs) {
  return outputs.map(({ path, contents }) => ({ name: basename(path), contents }));
}

/** @param {readonly File[]} files @param {string} name @param {string} extension */
function named(files, name, extension) {
  const file = files.find(
    (candidate) => candidate.name.startsWith(`${name}-`) && extname(candidate.name) === extension,
  );
  if (!file) throw new Error(`the bundle has no ${name}${extension}`);
  return file.name;
}

/**
 * @param {string} name
 * @param {string} entry The entry point of its script and style.
 * @param {readonly File[]} files
 * @param {{ title: string, body: string }} content
 * @returns {Promise<File>}
 */
async function renderPage(name, entry, files, content) {
  const parts = { ...content, style: named(files, entry, '.css'), script: named(files, entry, '.js') };
  const template = await readFile(join(SOURCES, 'page.html'), 'utf8');
  const page = template.replace(/\{\{(\w+)\}\}/g, (_match, /** @type {keyof typeof parts} */ part) => parts[part]);
  return { name: `${name}.html`, contents: Buffer.from(page) };
}

/** The operations with their sample variables, those that read before those that write. */
async function readExamples() {
  const names = (await readdir(OPERATIONS)).filter((name) => name.endsWith('.graphql')).sort();
  const examples = await Promise.all(
    names.map(async (name) => {
      const query = await readFile(join(OPERATIONS, name), 'utf8');
      const variables = await readFile(join(OPERATIONS, name.replace(/\.graphql$/, '.variables.json')), 'utf8');
      const operation = parse(query).definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
      const description = /^(?:#.*\n)*/.exec(query)?.[0].replace(/^# ?/gm, '').replaceAll('\n', ' ').trim();
      return {
        name: operation?.name?.value ?? name,
        kind: operation?.operation ?? 'query',
        description: description ?? '',
        query,
        variables,
      };
    }),
  );
  return examples.sort((one, other) => other.kind.localeCompare(one.kind));
}

/** @param {string} folder */
async function filesOf(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}

/** @param {readonly string[]} paths */
async function digestOf(paths) {
  const contents = await Promise.all(paths.map((path) => readFile(path)));
  return digest(Buffer.from(contents.map(digest).join()));
}

/** @param {Uint8Array} contents */
function digest(contents) {
  return createHash('sha256').update(contents).digest('hex');
}

/** @returns {Promise<unknown>} */
async function lastKey() {
  try {
    /** @type {unknown} */
    const manifest = JSON.parse(await readFile(join(TARGET, 'manifest.json'), 'utf8'));
    return manifest instanceof Object && 'key' in manifest ? manifest.key : undefined;
  } catch {
    return undefined;
  }
}
