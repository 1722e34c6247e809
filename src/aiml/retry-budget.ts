/**
 * Limits retries: in any second, five plus a tenth of that second's requests. At 50 requests a second or more that is at
 * most 1.2 attempts for each request, even during a total outage.
 *
 * While several tenants send requests, each has a budget of its own within that: two plus a tenth of its requests. So no
 * tenant uses up the budget of the others.
 */
import { LRUCache } from 'lru-cache';
import { ActiveTenants } from '../runtime/active-tenants.ts';
import { SlidingCount } from '../runtime/sliding-count.ts';

const WINDOW_MS = 1000;
const RETRIES_PER_WINDOW = 5;
const RETRIES_PER_TENANT = 2;
const RETRIES_PER_REQUEST = 0.1;
/** Coarser than the slice of the total, because there are many tenants. */
const TENANT_SLICE_MS = 100;
/** How long a tenant is active after its last request, in milliseconds. */
const ACTIVE_MS = 10_000;
/** The least recently seen tenants are evicted. */
const MAX_TENANTS = 300;

/** Requests and retries within the window. */
class Counts {
  readonly requests: SlidingCount;
  readonly retries: SlidingCount;

  constructor(sliceMs: number) {
    this.requests = new SlidingCount(WINDOW_MS / sliceMs, sliceMs);
    // One slice more than a second, so that no second exceeds the budget.
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

  /** Takes one retry from the budget. False if none is left. */
  takeRetry(tenant: string): boolean {
    const now = this.#now();
    const own = this.#countsOf(tenant);
    if (!this.#all.allows(RETRIES_PER_WINDOW, now)) return false;
    if (this.#active.hasOther(tenant, ACTIVE_MS) && !own.allows(RETRIES_PER_TENANT, now)) return false;
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
