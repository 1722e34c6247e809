/**
 * Bounds what retries may cost upstream: in any second, five and a tenth of that second's requests. At 50 requests a
 * second or more that is at most 1.2 attempts for each, however broken upstream is.
 *
 * While several tenants send requests, each has its own bound within that: two, and a tenth of its own requests. So no
 * tenant takes what the others need.
 */
import { LRUCache } from 'lru-cache';
import { ActiveTenants } from '../runtime/active-tenants.ts';

const WINDOW_MS = 1000;
const RETRIES_PER_WINDOW = 5;
const RETRIES_PER_TENANT = 2;
const RETRIES_PER_REQUEST = 0.1;
/** How long a tenant counts as present after its last request, in milliseconds. */
const PRESENT_MS = 10_000;
/** Tenants beyond the ones seen last start anew. */
const MAX_TENANTS = 300;

/** Requests and retries of the last while. */
class Counts {
  readonly requests: SlidingCount;
  readonly retries: SlidingCount;

  constructor(sliceMs: number) {
    this.requests = new SlidingCount(WINDOW_MS / sliceMs, sliceMs);
    // Never less than a whole second, so that no second holds more than it may.
    this.retries = new SlidingCount(WINDOW_MS / sliceMs + 1, sliceMs);
  }

  allows(retries: number, now: number): boolean {
    return this.retries.at(now) + 1 <= retries + RETRIES_PER_REQUEST * this.requests.at(now);
  }
}

export class RetryBudget {
  readonly #now: () => number;
  readonly #all = new Counts(1);
  readonly #tenants = new LRUCache<string, Counts>({ max: MAX_TENANTS });
  readonly #active: ActiveTenants;

  /** `now` is a monotonic clock in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#active = new ActiveTenants(now);
  }

  /** Counts a request that is attempted for the first time. */
  countRequest(tenant: string): void {
    const now = this.#now();
    this.#active.record(tenant);
    this.#all.requests.add(now);
    this.#countsOf(tenant).requests.add(now);
  }

  /** Takes one retry out of the budget; false where there is none left. */
  takeRetry(tenant: string): boolean {
    const now = this.#now();
    const own = this.#countsOf(tenant);
    if (!this.#all.allows(RETRIES_PER_WINDOW, now)) return false;
    if (this.#active.hasOther(tenant, PRESENT_MS) && !own.allows(RETRIES_PER_TENANT, now)) return false;
    this.#all.retries.add(now);
    own.retries.add(now);
    return true;
  }

  #countsOf(tenant: string): Counts {
    let counts = this.#tenants.get(tenant);
    if (!counts) this.#tenants.set(tenant, (counts = new Counts(TENANT_SLICE_MS)));
    return counts;
  }
}

/** Coarser than that of the whole, as there are many of them. */
const TENANT_SLICE_MS = 100;

/** How many were added in the last while, counted in slices so that its size is fixed. */
class SlidingCount {
  readonly #counts: Float64Array;
  readonly #sliceMs: number;
  #total = 0;
  #last = 0;

  constructor(slices: number, sliceMs: number) {
    this.#counts = new Float64Array(slices);
    this.#sliceMs = sliceMs;
  }

  add(now: number): void {
    this.at(now);
    const index = this.#last % this.#counts.length;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total += 1;
  }

  at(now: number): number {
    const slices = this.#counts.length;
    const current = Math.floor(now / this.#sliceMs);
    const stale = Math.min(current - this.#last, slices);
    for (let step = 1; step <= stale; step += 1) {
      const index = (this.#last + step) % slices;
      this.#total -= this.#counts[index] ?? 0;
      this.#counts[index] = 0;
    }
    this.#last = Math.max(current, this.#last);
    return this.#total;
  }
}
