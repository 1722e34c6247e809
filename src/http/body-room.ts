/**
 * How much memory the larger request bodies of all requests under way may take together: as bytes, while they are read
 * and wait, and as the objects that are made of them, until the answer is there. A body of 1 MiB may become 25 MB of
 * objects, so a hundred of them at once are read and worked on a few at a time. Small bodies have nothing to wait for.
 */
import type { FastifyRequest } from 'fastify';
import { MAX_BODY_BYTES, SMALL_BODY_BYTES } from './body.ts';
import { CUT_SHORT, RequestError } from './errors.ts';
import { Room } from './room.ts';

const MAX_BYTES_UNREAD = 32 * 1024 * 1024;
const MAX_BYTES_AT_WORK = 64 * 1024 * 1024;

export class BodyRoom {
  readonly #unread = new Room(MAX_BYTES_UNREAD);
  readonly #atWork = new Room(MAX_BYTES_AT_WORK);

  /** Whether a request may have a body that needs room; it is the one to `read`, and to `leave` whatever comes. */
  static isNeeded({ headers }: FastifyRequest): boolean {
    return (
      Number(headers['content-length'] ?? 0) > SMALL_BODY_BYTES ||
      headers['transfer-encoding'] !== undefined ||
      headers['content-encoding'] !== undefined
    );
  }

  /** To be waited for before a body is read. Rejects with a RequestError (503) where there is no room in time. */
  async read(request: FastifyRequest): Promise<void> {
    const { 'content-length': length, 'content-encoding': encoding } = request.headers;
    // What comes in chunks or compressed may become as large as any body.
    const bytes = length === undefined || encoding !== undefined ? MAX_BODY_BYTES : Number(length);
    await enter(this.#unread, request, Math.min(bytes, MAX_BODY_BYTES));
  }

  /** To be waited for between reading and parsing a body, which then takes about so many bytes. Rejects as `read` does. */
  async parse(request: FastifyRequest, bytes: number): Promise<void> {
    if (bytes > 0) await enter(this.#atWork, request, bytes);
    this.#unread.leave(request);
  }

  /** To be called when the answer is there; it may be called more than once, and whatever came before. */
  leave(request: FastifyRequest): void {
    this.#unread.leave(request);
    this.#atWork.leave(request);
  }
}

async function enter(room: Room, request: FastifyRequest, bytes: number): Promise<void> {
  await room.enter(request, bytes);
  if (!request.raw.socket.destroyed) return;
  room.leave(request);
  throw new RequestError(CUT_SHORT);
}
