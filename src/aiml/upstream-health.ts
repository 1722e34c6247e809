/**
 * Whether upstream is worth an attempt: three kinds of circuit breakers, so that what fails for one request or one tenant
 * alone never holds back the others.
 *
 * - Connections: opens when upstream cannot be connected to. No request causes that, so it holds for everyone.
 * - One request (the same call with the same body by the same tenant): opens when it keeps failing.
 * - Outage: opens when most attempts fail and most tenants see failures only; where there is a single tenant, when most
 *   of its different requests fail. Requests whose last attempt succeeded pass nevertheless.
 *
 * Memory is bounded: the tenants seen last, and for each of them its last requests.
 */
import { LRUCache } from 'lru-cache';
import { CircuitBreaker, FAILURE_SHARE, PROBE_INTERVAL_MS, WINDOW_MS } from './circuit-breaker.ts';
import type { HttpResult } from './exchange.ts';

const MAX_TENANTS = 300;
const MAX_REQUESTS_PER_TENANT = 32;
/** During an outage: how many requests that are known to fail may pass in a second, of one for each tenant. */
const MAX_FAILING_PROBES = 10;
/** A single failing voter is no outage. */
const MIN_FAILING_VOTERS = 2;

/**
 * What an attempt says about upstream. `alive`: it sent a whole response, whether or not that can be used. `failing`: 5xx,
 * a time-out, a lost connection, which may be due to the request. `unreachable`: no connection could be opened.
 */
export type Evidence = 'alive' | 'failing' | 'unreachable';

interface RequestHealth {
  isFailing: boolean;
  /** When its last attempt ended. */
  at: number;
  /** Made with its first failure. */
  breaker: CircuitBreaker | null;
}

interface TenantHealth {
  /** In the order of their last attempts. */
  readonly requests: Map<string, RequestHealth>;
  /** During an outage: when the next request may pass that is known to fail, and the next that is not. */
  nextProbeAt: { failing: number; unknown: number };
}

/** What a breaker holds back: every call, calls without a recent success, or one request of one tenant. */
type BreakerScope = 'connections' | 'outage' | 'request';

export type BreakerListener = (scope: BreakerScope, isOpen: boolean) => void;

export class UpstreamHealth {
  readonly #now: () => number;
  readonly #onBreaker: BreakerListener;
  readonly #connection: CircuitBreaker;
  readonly #outage: CircuitBreaker;
  readonly #tenants = new LRUCache<string, TenantHealth>({ max: MAX_TENANTS });
  /** Requests known to fail that passed during an outage, in the second that ends at `endsAt`. */
  #failingProbes = { endsAt: 0, count: 0 };

  /** `now` is a monotonic clock in milliseconds. `onBreaker` is called when a breaker has opened or closed. */
  constructor(now: () => number = () => performance.now(), onBreaker: BreakerListener = () => undefined) {
    this.#now = now;
    this.#onBreaker = onBreaker;
    this.#connection = new CircuitBreaker(now, undefined, (isOpen) => onBreaker('connections', isOpen));
    this.#outage = new CircuitBreaker(
      now,
      () => this.#startsOutage(),
      (isOpen) => onBreaker('outage', isOpen),
    );
  }

  /** Whether any requests are being held back. */
  get isAnyOpen(): boolean {
    if (this.#connection.isOpen || this.#outage.isOpen) return true;
    const since = this.#now() - WINDOW_MS;
    for (const { requests } of this.#tenants.values())
      for (const { at, breaker } of requests.values()) if (at >= since && breaker?.isOpen) return true;
    return false;
  }

  /** Whether upstream fails for this request, so that a retry is a waste. */
  isFailing(tenant: string, request: string): boolean {
    const health = this.#tenants.peek(tenant)?.requests.get(request);
    if (this.#connection.isOpen || health?.breaker?.isOpen) return true;
    return this.#outage.isOpen && !this.#isKnownGood(health);
  }

  /** Whether no attempt may be made now. Unlike {@link tryAdmit} it takes nothing. */
  holdsBack(tenant: string, request: string): boolean {
    const health = this.#tenants.peek(tenant);
    const requestHealth = health?.requests.get(request);
    if (this.#connection.isBlocking || requestHealth?.breaker?.isBlocking) return true;
    if (!this.#outage.isOpen || this.#isKnownGood(requestHealth)) return false;
    if (health && this.#now() < health.nextProbeAt[laneOf(requestHealth)]) return true;
    const { endsAt, count } = this.#failingProbes;
    return laneOf(requestHealth) === 'failing' && this.#now() < endsAt && count >= MAX_FAILING_PROBES;
  }

  /** Whether an attempt may be made now. Where requests are held back, true is a probe. */
  tryAdmit(tenant: string, request: string): boolean {
    const requestHealth = this.#tenants.peek(tenant)?.requests.get(request);
    if (!this.#connection.isOpen && !this.#outage.isOpen && !requestHealth?.breaker) return true;
    if (this.holdsBack(tenant, request)) return false;
    if (this.#outage.isOpen && !this.#isKnownGood(requestHealth)) this.#countProbe(tenant, laneOf(requestHealth));
    this.#connection.tryAcquire();
    requestHealth?.breaker?.tryAcquire();
    return true;
  }

  /** Records an attempt that ended. */
  record(tenant: string, request: string, evidence: Evidence): void {
    this.#connection.record(evidence !== 'unreachable');
    if (evidence === 'unreachable') return;
    const isFailing = evidence === 'failing';
    const { requests } = this.#tenantHealthOf(tenant);
    const known = requests.get(request);
    const health = known ?? { isFailing, at: 0, breaker: null };
    health.isFailing = isFailing;
    health.at = this.#now();
    if (isFailing)
      health.breaker ??= new CircuitBreaker(this.#now, undefined, (isOpen) => this.#onBreaker('request', isOpen));
    health.breaker?.record(!isFailing);
    if (known) requests.delete(request);
    requests.set(request, health);
    if (requests.size > MAX_REQUESTS_PER_TENANT)
      for (const oldest of requests.keys()) if (requests.delete(oldest)) break;
    this.#outage.record(!isFailing);
  }

  #tenantHealthOf(tenant: string): TenantHealth {
    let health = this.#tenants.get(tenant);
    if (!health) {
      health = { requests: new Map(), nextProbeAt: { failing: 0, unknown: 0 } };
      this.#tenants.set(tenant, health);
    }
    return health;
  }

  #countProbe(tenant: string, lane: 'failing' | 'unknown'): void {
    const now = this.#now();
    this.#tenantHealthOf(tenant).nextProbeAt[lane] = now + PROBE_INTERVAL_MS;
    if (lane === 'unknown') return;
    if (now >= this.#failingProbes.endsAt) this.#failingProbes = { endsAt: now + PROBE_INTERVAL_MS, count: 0 };
    this.#failingProbes.count += 1;
  }

  #isKnownGood(health: RequestHealth | undefined): boolean {
    return health !== undefined && !health.isFailing && this.#now() - health.at <= WINDOW_MS;
  }

  /** Asked when most attempts fail: tenants vote, or the requests of the tenant where there is only one. */
  #startsOutage(): boolean {
    const now = this.#now();
    const tenants = [...this.#tenants.values()]
      .map((health) => {
        const recent = [...health.requests.values()].filter(({ at }) => now - at <= WINDOW_MS);
        return { health, total: recent.length, failing: recent.filter(({ isFailing }) => isFailing).length };
      })
      .filter(({ total }) => total > 0);
    const failing = tenants.filter((tenant) => tenant.failing >= tenant.total * FAILURE_SHARE);
    const [sole] = tenants;
    const [votes, voters] =
      tenants.length === 1 && sole ? [sole.failing, sole.total] : [failing.length, tenants.length];
    if (votes < MIN_FAILING_VOTERS || votes < voters * FAILURE_SHARE) return false;
    for (const { health } of failing)
      health.nextProbeAt = { failing: now + PROBE_INTERVAL_MS, unknown: now + PROBE_INTERVAL_MS };
    return true;
  }
}

const laneOf = (health: RequestHealth | undefined): 'failing' | 'unknown' =>
  health?.isFailing ? 'failing' : 'unknown';

/** Null where the attempt says nothing: the caller hung up. */
export function toEvidence(result: HttpResult): Evidence | null {
  if (result.status !== null) {
    const isServerError = result.status >= 500 && result.status < 600;
    return isServerError || result.status === 408 ? 'failing' : 'alive';
  }
  switch (result.failure) {
    case 'UNREACHABLE':
      return 'unreachable';
    case 'TIMEOUT':
      return result.sent ? 'failing' : 'unreachable';
    case 'RESET':
    case 'TRUNCATED':
    case 'NOT_HTTP':
      return 'failing';
    case 'UNREADABLE':
    case 'TOO_LARGE':
    case 'TOO_MANY_LARGE_RESPONSES':
    case 'OVER_BUDGET':
      return 'alive';
    case 'ABORTED':
      return null;
  }
}
