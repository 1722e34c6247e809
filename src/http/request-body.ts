/** From the bytes of a request body to JSON, within the limit before and after decompression. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { errorCode } from '../runtime/error-code.ts';
import { allowHeapGrowthFor } from '../runtime/heap-growth.ts';
import { estimateJson, requestLimits, violatedRequestLimit, type JsonEstimate } from '../runtime/json-size.ts';
import { decompress, toContentCoding, type ContentCoding } from '../runtime/content-coding.ts';
import { decodeUtf8 } from '../runtime/utf8.ts';
import { FREE_BODY_BYTES, type BodyReservation } from './body-memory.ts';
import { clientError, BODY_TOO_LARGE, CLIENT_DISCONNECTED, RequestError } from './error-response.ts';

/** The largest request body, in bytes, before and after decompression. */
const MAX_BODY_BYTES = 2 * 1024 * 1024;
/** Node handles each chunk of HTTP on its own, in 2 µs: a body of 2 MiB in chunks of one byte would take four seconds. */
const MAX_CHUNKS = 5000;
/** Bodies up to this size, in bytes, are parsed without an estimate of their memory. */
const SMALL_BODY_BYTES = FREE_BODY_BYTES;
/** More than any value of the schema needs, and low enough for recursive code. */
const MAX_DEPTH = 256;

/**
 * Reads and parses a request body. Rejects with a RequestError: 400, 413, 415, or that of the reservation. In every case
 * the caller must release the reservation when the result is no longer used.
 */
export async function readJsonBody(request: IncomingMessage, reservation: BodyReservation): Promise<unknown> {
  const coding = toContentCoding(request.headers['content-encoding']);
  if (coding === null) throw new RequestError(UNSUPPORTED_CODING);
  const bytes = await readBytes(request, reservation);
  if (coding === 'identity') return parseReserved(bytes, reservation);
  const release = await reservation.acquireDecompression();
  try {
    return await parseReserved(await decode(bytes, coding), reservation);
  } finally {
    // Released after the reservation for the parsed body, because it also bounds the decompressed bytes.
    release();
  }
}

/** Whether a body is announced to be so small that no memory has to be reserved for it. */
export const isSmallBody = (headers: IncomingHttpHeaders): boolean =>
  headers['content-encoding'] === undefined && Number(headers['content-length'] ?? Infinity) <= SMALL_BODY_BYTES;

/** Reads a body for which {@link isSmallBody} returns true. Rejects with a RequestError (400). */
export const readSmallJsonBody = async (request: IncomingMessage): Promise<unknown> =>
  parseJson(await readBytes(request, null));

/** Synchronous for small bodies. */
function parseReserved(body: Buffer, reservation: BodyReservation): unknown {
  allowHeapGrowthFor(body);
  const estimate = body.length > SMALL_BODY_BYTES ? estimateJson(body, requestLimits) : null;
  const violated = estimate && violatedLimit(estimate);
  if (violated) throw new RequestError(clientError(400, `The request body ${violated}.`));
  const wait = reservation.reserveParsed(estimate?.heapBytes ?? 0);
  return wait ? wait.then(() => parseJson(body)) : parseJson(body);
}

/** Completes a sentence about a JSON text that was scanned within {@link requestLimits}; null if it keeps all limits. */
export const violatedLimit = (estimate: JsonEstimate): string | null =>
  estimate.depth > MAX_DEPTH ? 'is nested too deeply' : violatedRequestLimit(estimate);

const UNSUPPORTED_CODING = clientError(415, 'The Content-Encoding must be one of gzip, deflate and br.');
const TOO_MANY_CHUNKS = clientError(400, `The request body arrived in more than ${MAX_CHUNKS} chunks.`);
const NOT_UTF8 = clientError(400, 'The request body is not UTF-8 text.');
const INVALID_JSON = clientError(400, 'The request body is not valid JSON.');

/** Ignores a leading byte order mark. Throws a RequestError (400). */
function parseJson(body: Buffer): unknown {
  const text = decodeUtf8(body);
  if (text === null) throw new RequestError(NOT_UTF8);
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestError(INVALID_JSON);
  }
}

async function decode(raw: Buffer, coding: Exclude<ContentCoding, 'identity'>): Promise<Buffer> {
  try {
    return await decompress[coding](raw, { maxOutputLength: MAX_BODY_BYTES });
  } catch (error) {
    throw new RequestError(
      errorCode(error) === 'ERR_BUFFER_TOO_LARGE'
        ? clientError(413, 'The request body is larger than 2 MiB after decompression.')
        : clientError(400, 'The request body does not match its Content-Encoding.'),
    );
  }
}

const EMPTY = Buffer.alloc(0);

/**
 * Rejects with a RequestError: 413, 400 if the client disconnected, or that of the reservation. `reservation` is null for
 * a small body.
 */
function readBytes(request: IncomingMessage, reservation: BodyReservation | null): Promise<Buffer> {
  const announcedBytes = Number(request.headers['content-length'] ?? MAX_BODY_BYTES);
  return new Promise((resolve, reject) => {
    if (announcedBytes > MAX_BODY_BYTES) {
      reject(new RequestError(BODY_TOO_LARGE));
      return;
    }
    if (request.destroyed) {
      reject(new RequestError(CLIENT_DISCONNECTED));
      return;
    }
    let body: Buffer = EMPTY;
    let length = 0;
    let chunks = 0;

    const append = (chunk: Buffer) => {
      const needed = length + chunk.length;
      // A body in one chunk is not copied.
      if (length === 0 && needed === announcedBytes) {
        body = chunk;
        length = needed;
        return;
      }
      // One growing buffer: a list of one-byte chunks would take a hundred times the memory.
      if (needed > body.length) {
        const grown = Buffer.allocUnsafeSlow(capacityFor(needed, announcedBytes));
        body.copy(grown, 0, 0, length);
        body = grown;
      }
      chunk.copy(body, length);
      length = needed;
    };
    const onData = (chunk: Buffer) => {
      const needed = length + chunk.length;
      if (needed > MAX_BODY_BYTES) {
        end(new RequestError(BODY_TOO_LARGE));
        return;
      }
      chunks += 1;
      if (chunks > MAX_CHUNKS) {
        end(new RequestError(TOO_MANY_CHUNKS));
        // Not even read to be discarded. The connection is closed after the response.
        request.pause();
        return;
      }
      const wait = reservation?.reserve(needed > body.length ? capacityFor(needed, announcedBytes) : 0, announcedBytes);
      if (!wait) {
        append(chunk);
        return;
      }
      request.pause();
      wait.then(() => {
        append(chunk);
        request.resume();
      }, end);
    };
    const onEnd = () => end(null);
    const onClose = () => end(new RequestError(CLIENT_DISCONNECTED));
    const end = (error: Error | null) => {
      request.off('data', onData).off('end', onEnd).off('error', onClose).off('close', onClose);
      if (error) {
        // Discard the rest of the body.
        request.on('error', () => undefined).resume();
        reject(error);
      } else resolve(length === body.length ? body : body.subarray(0, length));
    };
    request.on('data', onData).on('end', onEnd).on('error', onClose).on('close', onClose);
  });
}

/** Doubles the capacity to limit copying, up to the announced length. */
const capacityFor = (bytes: number, announcedBytes: number): number =>
  Math.max(bytes, Math.min(announcedBytes, Math.max(2 * bytes, FREE_BODY_BYTES)));
