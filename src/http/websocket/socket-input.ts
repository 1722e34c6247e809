/**
 * Limits the memory of the messages that arrive on WebSockets: of their bytes until they are complete, and of the parsed
 * messages while they are used.
 */
import { estimateJson, requestLimits } from '../../runtime/json-size.ts';
import { Semaphore, type Release } from '../../runtime/semaphore.ts';
import { violatedLimit } from '../request-body.ts';

/** This much of every message needs no reservation, in bytes. */
const FREE_BYTES = 4096;
/** All messages together, in bytes. */
const MAX_BYTES = 48 * 1024 * 1024;
/** Each reservation for arriving bytes. */
const STEP_BYTES = 64 * 1024;
/** A message before the `connection_ack`, in bytes: as much as HTTP headers may have. */
const MAX_UNACKNOWLEDGED_BYTES = 16 * 1024;
/** The most that one read of a connection returns, in bytes. */
const MAX_CHUNK_BYTES = 64 * 1024;

/** Of graphql-transport-ws: Bad Request. */
const BAD_REQUEST = 4400;
/** RFC 6455, 7.4.1. */
const POLICY_VIOLATION = 1008;
/** Of the registry of RFC 6455. */
const TRY_AGAIN_LATER = 1013;

export const nothingHeld: Release = () => undefined;

export const createMessageMemory = (): Semaphore => new Semaphore(MAX_BYTES);

interface SocketInputOptions {
  readonly memory: Semaphore;
  /** Whether `connection_init` has been accepted. */
  readonly isAcknowledged: () => boolean;
  /** Called once, when a limit is exceeded. The socket must be closed and nothing more read from it. */
  readonly onViolation: (code: number, reason: string) => void;
}

export class SocketInput {
  readonly #options: SocketInputOptions;
  /** The bytes since the last complete message, at most. */
  #arrivedBytes = 0;
  #reservedBytes = FREE_BYTES;
  #lastChunkBytes = 0;
  #held: Release[] = [];
  /** The `performance.now()` time of the first reservation for the message that arrives. */
  #reservedAt = 0;
  #isViolated = false;

  constructor(options: SocketInputOptions) {
    this.#options = options;
  }

  /** Closes a socket whose message has reserved memory for longer than `timeoutMs`. */
  checkArrival(timeoutMs: number): void {
    if (this.#held.length > 0 && performance.now() - this.#reservedAt >= timeoutMs)
      this.#violate(POLICY_VIOLATION, TOO_SLOW);
  }

  /** Call it for each chunk of the connection, before its messages are handled. */
  receive(bytes: number): void {
    if (this.#isViolated) return;
    this.#lastChunkBytes = bytes;
    this.#arrivedBytes += bytes;
    if (this.#arrivedBytes <= this.#reservedBytes) return;
    const { memory, isAcknowledged } = this.#options;
    // The chunk may hold complete messages as well.
    if (this.#arrivedBytes > MAX_UNACKNOWLEDGED_BYTES + MAX_CHUNK_BYTES && !isAcknowledged()) {
      this.#violate(BAD_REQUEST, NOT_ACKNOWLEDGED);
      return;
    }
    const missing = Math.max(this.#arrivedBytes - this.#reservedBytes, STEP_BYTES);
    const release = memory.tryAcquire(missing);
    if (!release) {
      this.#violate(TRY_AGAIN_LATER, EXHAUSTED);
      return;
    }
    if (this.#held.length === 0) this.#reservedAt = performance.now();
    this.#held.push(release);
    this.#reservedBytes += missing;
  }

  /** A message is complete. Returns what releases its memory, or null if it must not be handled. */
  complete(message: Buffer): Release | null {
    if (this.#isViolated) return null;
    // Frame headers are not part of a message, so the difference alone would grow.
    this.#arrivedBytes = Math.min(Math.max(this.#arrivedBytes - message.length, 0), this.#lastChunkBytes);
    this.#releaseArrived();
    if (message.length <= FREE_BYTES) return nothingHeld;
    const { memory, isAcknowledged } = this.#options;
    if (message.length > MAX_UNACKNOWLEDGED_BYTES && !isAcknowledged())
      return this.#violate(BAD_REQUEST, NOT_ACKNOWLEDGED);
    const estimate = estimateJson(message, requestLimits);
    const violated = violatedLimit(estimate);
    if (violated) return this.#violate(BAD_REQUEST, `The message ${violated}.`);
    return memory.tryAcquire(estimate.heapBytes) ?? this.#violate(TRY_AGAIN_LATER, EXHAUSTED);
  }

  /** Call it when the socket is closed. */
  end(): void {
    this.#isViolated = true;
    this.#releaseArrived();
  }

  #releaseArrived(): void {
    if (this.#held.length === 0) return;
    for (const release of this.#held) release();
    this.#held = [];
    this.#reservedBytes = FREE_BYTES;
  }

  #violate(code: number, reason: string): null {
    this.end();
    this.#options.onViolation(code, reason);
    return null;
  }
}

/** At most 123 bytes each (RFC 6455, 5.5). */
const NOT_ACKNOWLEDGED = 'A message may be larger than 16 KiB after the connection_ack only.';
const TOO_SLOW = 'A message takes too long to arrive.';
const EXHAUSTED = 'The service is working on as many large messages as it can: try again in a moment.';
