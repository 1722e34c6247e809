/**
 * A semaphore that tenants share: one of them holds no more than its share of the permits, and of those that wait one tenant
 * is served after the other.
 */
import { FairShare } from '../runtime/fair-share.ts';
import type { Release } from '../runtime/semaphore.ts';
import type { CancellationToken } from '../runtime/cancellation.ts';

/** How many permits, of 16 and more, one tenant leaves to newcomers while it is alone. */
const RESERVE = 2;

export class FairSemaphore {
  readonly #capacity: number;
  readonly #shares: FairShare;
  /** Grants of those that wait, by tenant. Its first tenant is the next. */
  readonly #waiting = new Map<string, Set<(release: Release) => void>>();
  #inFlight = 0;

  constructor(capacity: number, isMultiTenant: boolean) {
    this.#capacity = capacity;
    this.#shares = new FairShare({ capacity, isMultiTenant, reserve: RESERVE });
  }

  /** Null where no permit is free, or where the tenant holds its share or waits already. */
  tryAcquire(tenant: string): Release | null {
    if (this.#inFlight >= this.#capacity || this.#waiting.has(tenant)) return null;
    return this.#grant(tenant);
  }

  /** Null where none could be had within `maxWaitMs`, or where the caller hung up. */
  acquire(tenant: string, maxWaitMs: number, cancellation: CancellationToken): Promise<Release | null> {
    const waiting = this.#waiting.get(tenant) ?? new Set();
    this.#waiting.set(tenant, waiting);
    return new Promise((resolve) => {
      const end = (release: Release | null) => {
        clearTimeout(timer);
        cancellation.offCancel(giveUp);
        waiting.delete(end);
        if (waiting.size === 0) this.#waiting.delete(tenant);
        resolve(release);
      };
      const giveUp = () => end(null);
      const timer = setTimeout(giveUp, maxWaitMs);
      waiting.add(end);
      if (cancellation.isCancelled) giveUp();
      else cancellation.onCancel(giveUp);
    });
  }

  #grant(tenant: string): Release | null {
    const release = this.#shares.tryAcquire(tenant);
    if (!release) return null;
    this.#inFlight += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      release();
      this.#inFlight -= 1;
      this.#grantNext();
    };
  }

  #grantNext(): void {
    if (this.#waiting.size === 0) return;
    for (const [tenant, waiting] of [...this.#waiting]) {
      if (this.#inFlight >= this.#capacity) return;
      const [first] = waiting;
      const release = first ? this.#grant(tenant) : null;
      if (!first || !release) continue;
      first(release);
      if (this.#waiting.delete(tenant)) this.#waiting.set(tenant, waiting);
    }
  }
}
