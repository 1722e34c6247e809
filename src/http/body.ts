/** From the bytes of a request body to JSON, within the limit before and after decompression. */
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { errorCode } from '../error-code.ts';
import { shapeOfJson } from '../json-shape.ts';
import { RequestError } from './errors.ts';
import { Room } from './room.ts';

/** The largest request body, in bytes, as it comes and after decompression. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** As many at a time as Node has threads for: a brotli decoder takes 16 MiB for itself, however small its input is. */
const decompressing = new Room(4);

/** Bodies up to this size, in bytes, are parsed without a look at what they will come to. */
export const SMALL_BODY_BYTES = 4096;
/** Far more than any value of the schema can have, and far less than what code that calls itself would stumble over. */
const MAX_DEPTH = 256;

const decoders: Readonly<Record<string, (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/**
 * `encoding` is the Content-Encoding header; `waitForRoom` gets the number of bytes that the body will take in memory, 0 for
 * a small one, before it is parsed, and may reject. Rejects with a RequestError: 400, 413, 415, or 503 where too many others
 * are being decompressed.
 */
export async function readJsonBody(
  raw: Buffer,
  encoding: string | undefined,
  waitForRoom: (bytes: number) => Promise<void>,
): Promise<unknown> {
  const body =
    encoding === undefined || encoding === 'identity' ? raw : await decompress(raw, encoding.trim().toLowerCase());
  const shape = body.length > SMALL_BODY_BYTES ? shapeOfJson(body) : null;
  if (shape && shape.depth > MAX_DEPTH)
    throw new RequestError({ status: 400, code: 'BAD_REQUEST', message: 'The request body is nested too deeply.' });
  await waitForRoom(shape?.expectedBytes ?? 0);
  return parseJson(body);
}

/** Throws a RequestError (400). */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new RequestError({ status: 400, code: 'BAD_REQUEST', message: 'The request body is not valid JSON.' });
  }
}

async function decompress(raw: Buffer, encoding: string): Promise<Buffer> {
  const decode = decoders[encoding];
  if (!decode)
    throw new RequestError({
      status: 415,
      code: 'BAD_REQUEST',
      message: 'The Content-Encoding must be gzip, deflate or br.',
    });
  await decompressing.enter(raw, 1);
  try {
    return await decode(raw, { maxOutputLength: MAX_BODY_BYTES });
  } catch (error) {
    const isTooLarge = errorCode(error) === 'ERR_BUFFER_TOO_LARGE';
    throw new RequestError({
      status: isTooLarge ? 413 : 400,
      code: 'BAD_REQUEST',
      message: isTooLarge
        ? 'The request body is larger than 1 MiB after decompression.'
        : 'The request body is not compressed as its Content-Encoding says.',
    });
  } finally {
    decompressing.leave(raw);
  }
}
