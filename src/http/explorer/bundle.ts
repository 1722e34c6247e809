/**
 * The files that `explorer/build.js` creates, by name from its manifest. A name from a request is only looked up there and
 * never becomes part of a path.
 */
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { errorCode } from '../../runtime/error-code.ts';

/** The path is the same from `src` and from `dist`. */
const FOLDER = new URL('../../../dist/explorer/', import.meta.url);

interface Manifest {
  readonly pages: { readonly landing: string; readonly graphiql: string; readonly chat: string };
  readonly files: Readonly<Record<string, { readonly contentType: string; readonly etag: string }>>;
}

export interface BundledFile {
  readonly contentType: string;
  /** Without quotes. Changes with the content. */
  readonly etag: string;
  read(encoding: 'gzip' | 'identity'): Promise<Buffer>;
}

interface Bundle {
  readonly landing: BundledFile;
  readonly graphiql: BundledFile;
  readonly chat: BundledFile;
  /** The files that the pages load, by name. Each name contains a hash of the content. */
  readonly assets: ReadonlyMap<string, BundledFile>;
}

/** Null if the explorer has not been built. */
export async function readBundle(): Promise<Bundle | null> {
  let text: string;
  try {
    text = await readFile(new URL('manifest.json', FOLDER), 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
  const { pages, files } = JSON.parse(text) as Manifest;
  const assets = new Map(Object.entries(files).map(([name, file]) => [name, toBundledFile(name, file)]));
  const takePage = (name: string): BundledFile => {
    const page = assets.get(name);
    if (!page) throw new Error(`the explorer's manifest has no ${name}`);
    assets.delete(name);
    return page;
  };
  return { landing: takePage(pages.landing), graphiql: takePage(pages.graphiql), chat: takePage(pages.chat), assets };
}

function toBundledFile(name: string, { contentType, etag }: Manifest['files'][string]): BundledFile {
  return {
    contentType,
    etag,
    read: async (encoding) => {
      const compressed = await readFile(new URL(`${name}.gz`, FOLDER));
      return encoding === 'gzip' ? compressed : promisify(gunzip)(compressed);
    },
  };
}
