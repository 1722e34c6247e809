/** Content codings (RFC 9110, 8.4.1): their names and their decoders. */
import type { Transform } from 'node:stream';
import { promisify } from 'node:util';
import {
  brotliDecompress,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  gunzip,
  inflate,
} from 'node:zlib';

export type ContentCoding = 'identity' | 'gzip' | 'deflate' | 'br';

/** A Map because names come from headers: an object would also have `constructor`. */
const codings: ReadonlyMap<string, ContentCoding> = new Map([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'br'],
]);

/**
 * The coding of a Content-Encoding header; `identity` if it is absent or empty. Null if the coding is not supported or
 * there are several, because each would need a size limit of its own.
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

/** Each rejects with `ERR_BUFFER_TOO_LARGE` if the output exceeds `maxOutputLength` bytes. */
export const decompress: Readonly<Record<Exclude<ContentCoding, 'identity'>, Decompress>> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/** Outputs flushed data at once, and everything before the cut of a truncated stream. Null for the identity coding. */
export function createDecoder(coding: ContentCoding): Transform | null {
  const options = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };
  switch (coding) {
    case 'identity':
      return null;
    case 'gzip':
      return createGunzip(options);
    case 'deflate':
      return createInflate(options);
    case 'br':
      return createBrotliDecompress({
        flush: constants.BROTLI_OPERATION_FLUSH,
        finishFlush: constants.BROTLI_OPERATION_FLUSH,
      });
  }
}
