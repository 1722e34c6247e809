/** Reads the bytes of a request body into memory that is reserved as they arrive, whatever was announced. */
import type { IncomingMessage } from 'node:http';
import { FREE_BODY_BYTES, type BodyReservation } from './body-memory.ts';
import { CLIENT_DISCONNECTED, RequestError, TOO_LARGE } from './error-response.ts';

/** The largest request body, in bytes, before and after decompression. */
export const MAX_BODY_BYTES = 2 * 1024 * 1024;

const EMPTY = Buffer.alloc(0);

/** Rejects with a RequestError: 413, 400 if the client disconnected, or that of the reservation. */
export function readBody(request: IncomingMessage, reservation: BodyReservation): Promise<Buffer> {
  const announcedBytes = Number(request.headers['content-length'] ?? MAX_BODY_BYTES);
  return new Promise((resolve, reject) => {
    if (announcedBytes > MAX_BODY_BYTES) {
      reject(new RequestError(TOO_LARGE));
      return;
    }
    if (request.destroyed) {
      reject(new RequestError(CLIENT_DISCONNECTED));
      return;
    }
    let body: Buffer = EMPTY;
    let length = 0;

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
        end(new RequestError(TOO_LARGE));
        return;
      }
      const wait = reservation.reserve(needed > body.length ? capacityFor(needed, announcedBytes) : 0, announcedBytes);
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
