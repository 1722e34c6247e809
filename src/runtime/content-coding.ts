/** Content codings (RFC 9110, 8.4.1): their names and their decoders. */
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';

export type ContentCoding = 'identity' | 'gzip' | 'deflate' | 'br';

/** A Map, as names come from foreign headers: an object would know `constructor` as well. */
const codings: ReadonlyMap<string, ContentCoding> = new Map([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'br'],
]);

/**
 * The coding that a Content-Encoding header names, `identity` where it is absent or empty; null where the coding is unknown
 * or there are several, of which each would have to be bounded by itself.
 */
export function toContentCoding(header: string | undefined): ContentCoding | null {
  if (header === undefined) return 'identity';
  const names = header
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity');
  if (names.length > 1) return null;
  return names[0] === undefined ? 'identity' : (codings.get(names[0]) ?? null);
}

type Decompress = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

/** Each rejects with `ERR_BUFFER_TOO_LARGE` where more than `maxOutputLength` bytes come out. */
export const decompress: Readonly<Record<Exclude<ContentCoding, 'identity'>, Decompress>> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};
