/**
 * Owns how much of the process requests may take before they are handled: all large bodies together, and the requests of
 * each account. Beyond that they wait, or get 429, which says that nothing was done.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { CancellationToken } from '../../runtime/cancellation.ts';
import type { HttpExchange } from '../../runtime/connection.ts';
import { Semaphore, type Release } from '../../runtime/semaphore.ts';
import { rateLimited } from './api-error.ts';

export interface AdmissionLimits {
  /** How many large bodies there are at a time, until their requests were handled. */
  readonly largeBodies: number;
  /** The longest wait of a large body, in milliseconds. In the meantime Node reads a little of it ahead. */
  readonly largeBodyWaitMs: number;
  /** How many requests of an account are handled at a time: most of them wait for the store. */
  readonly requestsOfAccount: number;
}

/** A large body takes some copies of its 8 MiB while it is handled. */
export const DEFAULT_LIMITS: AdmissionLimits = { largeBodies: 16, largeBodyWaitMs: 30_000, requestsOfAccount: 1000 };

/** Bodies up to this size, in bytes, never wait. Node reads about as much of each connection ahead. */
const SMALL_BODY_BYTES = 64 * 1024;

export class Admission {
  readonly #largeBodies: Semaphore;
  readonly #limits: AdmissionLimits;
  /** Contains only accounts that have requests. */
  readonly #requests = new Map<string, number>();

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
    this.#largeBodies = new Semaphore(limits.largeBodies, true);
  }

  /** Resolves when the body may be read. It counts until the function is called. Rejects with an ApiError of 429. */
  async admitBody(headers: IncomingHttpHeaders, account: string, exchange: HttpExchange): Promise<Release> {
    if (isSmall(headers)) return () => undefined;
    const cancellation = new CancellationToken();
    const cancel = () => cancellation.cancel();
    exchange.onEnded(cancel);
    const release = await this.#largeBodies.acquire(1, {
      tenant: account,
      maxWaitMs: this.#limits.largeBodyWaitMs,
      cancellation,
    });
    exchange.offEnded(cancel);
    if (!release) throw rateLimited('Too many large bodies arrive at a time. Try again.', 1);
    exchange.onEnded(release);
    return release;
  }

  /** The request counts until the function is called. Throws an ApiError of 429. */
  admit(account: string): Release {
    const requests = this.#requests.get(account) ?? 0;
    if (requests >= this.#limits.requestsOfAccount)
      throw rateLimited('Too many requests of this account wait. Try again when some of them have their responses.', 1);
    this.#requests.set(account, requests + 1);
    return () => {
      const left = (this.#requests.get(account) ?? 0) - 1;
      if (left > 0) this.#requests.set(account, left);
      else this.#requests.delete(account);
    };
  }
}

/** A body without a length may become as large as any. */
function isSmall({ 'content-length': length, 'transfer-encoding': coding }: IncomingHttpHeaders): boolean {
  return coding === undefined && Number(length ?? 0) <= SMALL_BODY_BYTES;
}
