/**
 * A weighted semaphore, for counts of operations and of bytes. Waiters are served in the order of arrival. If there are
 * several tenants, they are served round robin, and none holds more than its share.
 */
import type { CancellationToken } from './cancellation.ts';
import { FairShare } from './fair-share.ts';

/** Releases what was acquired. Further calls do nothing. */
export type Release = () => void;

/** With 16 permits or more, a single tenant leaves this many to tenants that arrive later. */
const RESERVE = 2;

export interface AcquireOptions {
  /** Absent in a semaphore of one tenant. */
  readonly tenant?: string;
  /** The longest wait, in milliseconds; unbounded if absent. */
  readonly maxWaitMs?: number;
  /** Ends the wait. */
  readonly cancellation?: CancellationToken;
}

interface Waiter {
  readonly weight: number;
  /** On `performance.now()`. */
  readonly expiresAt: number;
  /** Null if nothing was acquired. */
  readonly end: (release: Release | null) => void;
}

export class Semaphore {
  readonly #capacity: number;
  #available: number;
  /** Null if there is only one tenant, which may acquire the whole capacity. */
  readonly #shares: FairShare | null;
  /** By tenant, in the order in which tenants are served. Null until the first waiter: most semaphores never have one. */
  #waiting: Map<string, Set<Waiter>> | null = null;
  /** One timer for all waiters: a timer for each would cost more than most waits. */
  #timer: NodeJS.Timeout | undefined;
  #timerEndsAt = Infinity;

  constructor(capacity: number, isMultiTenant = false) {
    this.#capacity = capacity;
    this.#available = capacity;
    this.#shares = isMultiTenant ? new FairShare({ capacity, reserve: RESERVE }) : null;
  }

  /** The sum of the weights that are acquired. */
  get acquired(): number {
    return this.#capacity - this.#available;
  }

  /** Null if `weight` is not available, or if the tenant holds its share or already waits. */
  tryAcquire(weight = 1, tenant = ''): Release | null {
    return this.#waiting?.has(tenant) ? null : this.#grant(weight, tenant);
  }

  /**
   * A weight above the capacity acquires the whole capacity. With options, resolves to null if nothing was acquired within
   * `maxWaitMs` or before the cancellation.
   */
  acquire(weight?: number): Promise<Release>;
  acquire(weight: number, options: AcquireOptions): Promise<Release | null>;
  acquire(
    weight = 1,
    { tenant = '', maxWaitMs = Infinity, cancellation }: AcquireOptions = {},
  ): Promise<Release | null> {
    if (cancellation?.isCancelled) return Promise.resolve(null);
    const release = this.tryAcquire(weight, tenant);
    if (release) return Promise.resolve(release);
    return new Promise((resolve) => {
      const giveUp = () => this.#giveUp(waiter);
      const waiter: Waiter = {
        weight,
        expiresAt: performance.now() + maxWaitMs,
        end: (granted) => {
          cancellation?.offCancel(giveUp);
          this.#remove(tenant, waiter);
          resolve(granted);
        },
      };
      cancellation?.onCancel(giveUp);
      this.#add(tenant, waiter);
    });
  }

  #grant(weight: number, tenant: string): Release | null {
    const effective = Math.min(weight, this.#capacity);
    if (effective > this.#available) return null;
    const releaseShare = this.#shares?.tryAcquire(tenant);
    if (releaseShare === null) return null;
    this.#available -= effective;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      releaseShare?.();
      this.#available += effective;
      this.#grantWaiting();
    };
  }

  #grantWaiting(): void {
    if (!this.#waiting) return;
    for (const [tenant, waiters] of this.#waiting) {
      if (this.#available === 0) return;
      const [first] = waiters;
      const release = first ? this.#grant(first.weight, tenant) : null;
      if (!first || !release) continue;
      first.end(release);
      // The tenant is served again after all others, in this same loop.
      if (this.#waiting.delete(tenant)) this.#waiting.set(tenant, waiters);
    }
  }

  #add(tenant: string, waiter: Waiter): void {
    this.#waiting ??= new Map();
    const waiters = this.#waiting.get(tenant);
    if (waiters) waiters.add(waiter);
    else this.#waiting.set(tenant, new Set([waiter]));
    if (waiter.expiresAt < this.#timerEndsAt) this.#setTimer(waiter.expiresAt);
  }

  #remove(tenant: string, waiter: Waiter): void {
    const waiters = this.#waiting?.get(tenant);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#waiting?.delete(tenant);
  }

  #giveUp(waiter: Waiter): void {
    waiter.end(null);
    // Those behind it may wait for less.
    this.#grantWaiting();
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
    const waiters = [...(this.#waiting?.values() ?? [])].flatMap((ofTenant) => [...ofTenant]);
    // Node's timers may fire up to a millisecond early. Giving up twice, or after the grant, does nothing.
    for (const waiter of waiters) if (waiter.expiresAt <= now + 1) this.#giveUp(waiter);
    const left = waiters.filter(({ expiresAt }) => expiresAt > now + 1);
    this.#setTimer(left.reduce((earliest, { expiresAt }) => Math.min(earliest, expiresAt), Infinity));
  }
}
