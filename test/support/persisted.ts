// Requests with persisted documents, and manifests of them.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { GraphQLError } from './service.ts';

export interface PersistedRequest {
  readonly query?: string;
  readonly id?: string;
  readonly variables?: unknown;
  readonly operationName?: string;
}

export interface PersistedResponse {
  readonly status: number;
  readonly data?: unknown;
  readonly errors?: readonly GraphQLError[];
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const toExtensions = (id: string) => ({ persistedQuery: { version: 1, sha256Hash: id } });

export async function post(
  url: string,
  { id, ...request }: PersistedRequest,
  headers: Readonly<Record<string, string>> = {},
): Promise<PersistedResponse> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ ...request, ...(id !== undefined && { extensions: toExtensions(id) }) }),
  });
  return { status: response.status, ...((await response.json()) as Omit<PersistedResponse, 'status'>) };
}

export async function get(url: string, { id, query, variables }: PersistedRequest): Promise<PersistedResponse> {
  const search = new URLSearchParams();
  if (query !== undefined) search.set('query', query);
  if (id !== undefined) search.set('extensions', JSON.stringify(toExtensions(id)));
  if (variables !== undefined) search.set('variables', JSON.stringify(variables));
  const response = await fetch(`${url}/graphql?${search.toString()}`, { headers: { 'apollo-require-preflight': '1' } });
  return { status: response.status, ...((await response.json()) as Omit<PersistedResponse, 'status'>) };
}

export const codeOf = ({ errors }: PersistedResponse): unknown => errors?.[0]?.extensions['code'];

export interface Manifest {
  readonly operations: readonly {
    readonly id: string;
    readonly name: string;
    readonly type: string;
    readonly body: string;
  }[];
}

export interface ManifestFile {
  readonly path: string;
  readonly manifest: Manifest;
  remove(): Promise<void>;
}

/** A manifest of the given operations. */
export async function writeManifest(operations: readonly object[]): Promise<ManifestFile> {
  return keep(async (path) => {
    const manifest = { format: 'apollo-persisted-query-manifest', version: 1, operations };
    await writeFile(path, JSON.stringify(manifest));
  });
}

/** The output of `npm run manifest` for the example operations. Needs the build. */
export function writeExampleManifest(): Promise<ManifestFile> {
  return keep(async (path) => {
    await promisify(execFile)(process.execPath, ['dist/commands/write-manifest.js', path]);
  });
}

async function keep(write: (path: string) => Promise<void>): Promise<ManifestFile> {
  const folder = await mkdtemp(join(tmpdir(), 'manifest-'));
  const path = join(folder, 'manifest.json');
  await write(path);
  return {
    path,
    manifest: JSON.parse(await readFile(path, 'utf8')) as Manifest,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
