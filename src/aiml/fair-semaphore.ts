/**
 * A semaphore that tenants share. No tenant holds more than its share of the permits, and waiting tenants are served round
 * robin.
 */
import { FairShare } from '../runtime/fair-share.ts';
import type { Release } from '../runtime/semaphore.ts';
import type { CancellationToken } from '../runtime/cancellation.ts';

/** With 16 permits or more, a single tenant leaves this many to tenants that arrive later. */
const RESERVE = 2;

interface Waiter {
  /** On `performance.now()`. */
  readonly expiresAt: number;
  /** Ends the wait. Null if no permit was granted. */
  readonly end: (release: Release | null) => void;
}

export class FairSemaphore {
  readonly #capacity: number;
  /** Null if there is only one tenant, which may hold all permits. */
  readonly #shares: FairShare | null;
  /** By tenant, in the order in which tenants are served. */
  readonly #waiting = new Map<string, Set<Waiter>>();
  /** One timer for all waiters: a timer for each would cost more than most waits. */
  #timer: NodeJS.Timeout | undefined;
  #timerEndsAt = Infinity;
  #inFlight = 0;

  constructor(capacity: number, isMultiTenant: boolean) {
    this.#capacity = capacity;
    this.#shares = isMultiTenant ? new FairShare({ capacity, isMultiTenant, reserve: RESERVE }) : null;
  }

  /** Null if no permit is free, or if the tenant holds its share or already waits. */
  tryAcquire(tenant: string): Release | null {
    if (this.#inFlight >= this.#capacity || this.#waiting.has(tenant)) return null;
    return this.#grant(tenant);
  }

  /** Null if no permit was free within `maxWaitMs`, or after cancellation. */
  acquire(tenant: string, maxWaitMs: number, cancellation: CancellationToken): Promise<Release | null> {
    if (cancellation.isCancelled) return Promise.resolve(null);
    return new Promise((resolve) => {
      const giveUp = () => waiter.end(null);
      const waiter: Waiter = {
        expiresAt: performance.now() + maxWaitMs,
        end: (release) => {
          cancellation.offCancel(giveUp);
          this.#remove(tenant, waiter);
          resolve(release);
        },
      };
      cancellation.onCancel(giveUp);
      this.#add(tenant, waiter);
    });
  }

  #add(tenant: string, waiter: Waiter): void {
    const waiting = this.#waiting.get(tenant);
    if (waiting) waiting.add(waiter);
    else this.#waiting.set(tenant, new Set([waiter]));
    if (waiter.expiresAt < this.#timerEndsAt) this.#setTimer(waiter.expiresAt);
  }

  #remove(tenant: string, waiter: Waiter): void {
    const waiting = this.#waiting.get(tenant);
    waiting?.delete(waiter);
    if (waiting?.size === 0) this.#waiting.delete(tenant);
  }

  #setTimer(endsAt: number): void {
    clearTimeout(this.#timer);
    this.#timerEndsAt = endsAt;
    if (endsAt === Infinity) return;
    // The timer keeps running when the queue is empty: the next waiter needs it again.
    this.#timer = setTimeout(() => this.#expire(), Math.max(1, endsAt - performance.now())).unref();
  }

  #expire(): void {
    const now = performance.now();
    const waiters = [...this.#waiting.values()].flatMap((waiting) => [...waiting]);
    // Node's timers may fire up to a millisecond early.
    for (const waiter of waiters) if (waiter.expiresAt <= now + 1) waiter.end(null);
    const left = waiters.filter(({ expiresAt }) => expiresAt > now + 1);
    this.#setTimer(left.reduce((earliest, { expiresAt }) => Math.min(earliest, expiresAt), Infinity));
  }

  #grant(tenant: string): Release | null {
    const release = this.#shares?.tryAcquire(tenant);
    if (release === null) return null;
    this.#inFlight += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      release?.();
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
      first.end(release);
      if (this.#waiting.delete(tenant)) this.#waiting.set(tenant, waiting);
    }
  }
}
