/**
 * How much memory the larger request bodies of all requests under way may take together. A body of 1 MiB becomes up to
 * 25 MB of objects, which stay until its operation has ended: a hundred of them at once would be too much.
 */
import { RequestError } from './errors.ts';

/** Bodies up to this size, in bytes, are let in at once: as many as there can be at a time are not too much. */
const SMALL_BODY_BYTES = 4096;
const CAPACITY_BYTES = 64 * 1024 * 1024;
/** The longest that a body waits for room, in milliseconds. */
const MAX_WAIT_MS = 10_000;

export interface BodyRoomOptions {
  readonly capacityBytes?: number;
  readonly maxWaitMs?: number;
}

interface Waiting {
  readonly bytes: number;
  readonly letIn: () => void;
}

export class BodyRoom {
  readonly #capacity: number;
  readonly #maxWaitMs: number;
  readonly #waiting = new Set<Waiting>();
  readonly #taken = new WeakMap<object, number>();
  #free: number;

  constructor({ capacityBytes = CAPACITY_BYTES, maxWaitMs = MAX_WAIT_MS }: BodyRoomOptions = {}) {
    this.#capacity = capacityBytes;
    this.#maxWaitMs = maxWaitMs;
    this.#free = capacityBytes;
  }

  /**
   * Waits until there is room for what `body` will become, in the order of arrival. `request` holds it until it leaves.
   * Rejects with a RequestError (503) where there is no room in time.
   */
  async enter(request: object, body: Buffer): Promise<void> {
    if (body.length <= SMALL_BODY_BYTES) return;
    // The largest body gets in when it is alone, however large it may become.
    const bytes = Math.min(expectedBytes(body), this.#capacity);
    if (this.#waiting.size > 0 || bytes > this.#free) await this.#wait(bytes);
    else this.#free -= bytes;
    this.#taken.set(request, bytes);
  }

  /** To be called when the request has its answer; it may be called more than once, and for requests that took no room. */
  leave(request: object): void {
    const bytes = this.#taken.get(request);
    if (bytes === undefined) return;
    this.#taken.delete(request);
    this.#free += bytes;
    this.#letIn();
  }

  #wait(bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(waiting);
        this.#letIn();
        reject(new RequestError(NO_ROOM));
      }, this.#maxWaitMs);
      const letIn = () => {
        clearTimeout(timer);
        resolve();
      };
      const waiting: Waiting = { bytes, letIn };
      this.#waiting.add(waiting);
    });
  }

  #letIn(): void {
    for (const waiting of this.#waiting) {
      if (waiting.bytes > this.#free) return;
      this.#free -= waiting.bytes;
      this.#waiting.delete(waiting);
      waiting.letIn();
    }
  }
}

const NO_ROOM = {
  status: 503,
  code: 'OVERLOADED',
  message: 'The service is working on as many large requests as it can: try again in a moment.',
} as const;

/** Measured with V8: the text and what is made of it, and an object, a list or an entry for each of these characters. */
const BYTES_PER_BYTE = 4;
const BYTES_PER_STRUCTURE = 20;
const STRUCTURE = new Uint8Array(256);
for (const character of '{}[],:') STRUCTURE[character.charCodeAt(0)] = 1;

/** About how much memory a JSON text takes once it is parsed and its operation under way. */
function expectedBytes(body: Buffer): number {
  let structures = 0;
  for (let index = 0; index < body.length; index += 1) structures += STRUCTURE[body[index] ?? 0] ?? 0;
  return body.length * BYTES_PER_BYTE + structures * BYTES_PER_STRUCTURE;
}
