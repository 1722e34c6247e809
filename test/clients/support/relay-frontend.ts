// A frontend with Relay in a folder of its own: compiled by Relay's compiler, and by its Babel plugin.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transformAsync } from '@babel/core';
import { createFrontend, type Frontend } from './frontend.ts';

const COMPILED = ['src/AssistantList.tsx', 'src/FollowRun.tsx'];
const SHARED = ['cookbook.ts', 'operations.ts', 'relay-environment.ts', 'run-reply.ts', 'streaming.ts', 'views.tsx'];

export interface RelayFrontend extends Frontend {
  /** What Relay's compiler printed, and its exit code. */
  readonly compiled: { readonly code: number; readonly output: string };
  /** Imports what the compiler wrote. */
  artifact<T>(name: string): Promise<T>;
  /** Imports one of its sources, as Babel wrote it. */
  load(file: string): Promise<unknown>;
}

/** Creates the frontend from the snippets and compiles it. `remove` it in the end. */
export async function createRelayFrontend(): Promise<RelayFrontend> {
  const snippet = (file: string) => `test/clients/snippets/${file}`;
  const frontend = await createFrontend({
    'relay.config.json': snippet('relay.config.json'),
    'src/AssistantList.tsx': snippet('relay-assistant-list.tsx'),
    'src/FollowRun.tsx': snippet('relay-follow-run.tsx'),
    'src/FollowMessage.ts': snippet('relay-follow-message.ts'),
    'src/AssistantEdit.ts': snippet('relay-mutations.ts'),
    ...Object.fromEntries(SHARED.map((file) => [`src/${file}`, snippet(file)])),
  });
  const compiled = await frontend.run('relay-compiler/cli.js');
  const load = (file: string): Promise<unknown> => import(pathToFileURL(join(frontend.folder, file)).href);
  const artifact = async <T>(name: string): Promise<T> => {
    const module = (await load(`src/__generated__/${name}.graphql.ts`)) as { readonly default: T };
    return module.default;
  };
  return { ...frontend, compiled, artifact, load: async (file) => load(await compile(frontend, file)) };
}

/** Replaces the `graphql` tags of a source; returns the file with the result. */
async function compile(frontend: Frontend, file: string): Promise<string> {
  if (!COMPILED.includes(file)) return file;
  const filename = join(frontend.folder, file);
  const result = await transformAsync(await readFile(filename, 'utf8'), {
    filename,
    babelrc: false,
    configFile: false,
    parserOpts: { plugins: ['typescript', 'jsx'] },
    plugins: [['babel-plugin-relay', { eagerEsModules: true }]],
  });
  const compiled = file.replace('src/', 'src/compiled-');
  await frontend.write(compiled, result?.code ?? '');
  return compiled;
}
