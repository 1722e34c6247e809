/** From the bytes of a request body to JSON, within the limit before and after decompression. */
import { errorCode } from '../error-code.ts';
import { shapeOfJson } from '../json-shape.ts';
import { decompress, toContentCoding, type ContentCoding } from '../runtime/content-coding.ts';
import { decodeUtf8 } from '../runtime/utf8.ts';
import { RequestError, type Refusal } from './errors.ts';
import { Room } from './room.ts';

/** The largest request body, in bytes, as it comes and after decompression. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** As many at a time as Node has threads for: a brotli decoder takes 16 MiB for itself, however small its input is. */
const decompressing = new Room(4);

/** Bodies up to this size, in bytes, are parsed without a look at what they will come to. */
export const SMALL_BODY_BYTES = 4096;
/** Far more than any value of the schema can have, and far less than what code that calls itself would stumble over. */
const MAX_DEPTH = 256;

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
  const coding = toContentCoding(encoding);
  if (coding === null) throw new RequestError(UNKNOWN_CODING);
  const body = coding === 'identity' ? raw : await decode(raw, coding);
  const shape = body.length > SMALL_BODY_BYTES ? shapeOfJson(body) : null;
  if (shape && shape.depth > MAX_DEPTH)
    throw new RequestError({ status: 400, code: 'BAD_REQUEST', message: 'The request body is nested too deeply.' });
  await waitForRoom(shape?.expectedBytes ?? 0);
  return parseJson(body);
}

const UNKNOWN_CODING: Refusal = {
  status: 415,
  code: 'BAD_REQUEST',
  message: 'The Content-Encoding must be one of gzip, deflate and br.',
};
const NO_UTF8: Refusal = { status: 400, code: 'BAD_REQUEST', message: 'The request body is not UTF-8 text.' };
const NO_JSON: Refusal = { status: 400, code: 'BAD_REQUEST', message: 'The request body is not valid JSON.' };

/** A byte order mark at the start is ignored. Throws a RequestError (400). */
export function parseJson(body: Buffer): unknown {
  const text = decodeUtf8(body);
  if (text === null) throw new RequestError(NO_UTF8);
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestError(NO_JSON);
  }
}

async function decode(raw: Buffer, coding: Exclude<ContentCoding, 'identity'>): Promise<Buffer> {
  await decompressing.enter(raw, 1);
  try {
    return await decompress[coding](raw, { maxOutputLength: MAX_BODY_BYTES });
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
