/**
 * Decides whether an attempt is admitted. It has three kinds of circuit breakers, so that failures of one request or one
 * tenant never block the others.
 *
 * - Connections: opens when connections to upstream fail. No request causes that, so it applies to all.
 * - One request (the same call with the same body by the same tenant): opens when it keeps failing.
 * - Outage: opens when most attempts fail and most tenants have failures only. With a single tenant, it opens when most of
 *   its different requests fail. Requests whose last attempt succeeded are admitted nevertheless.
 *
 * Memory is bounded: the tenants seen last, and for each of them its last requests.
 */
import { LRUCache } from 'lru-cache';
import type { ChangedBreaker } from '../observability/logger.ts';
import { PublicError } from '../runtime/errors.ts';
import { CircuitBreaker, FAILURE_SHARE, PROBE_INTERVAL_MS, WINDOW_MS } from './circuit-breaker.ts';
import type { Evidence } from './exchange.ts';

const MAX_TENANTS = 300;
const MAX_REQUESTS_PER_TENANT = 32;
/** During an outage, the maximum of failing requests that are admitted in a second, at most one of each tenant. */
const MAX_FAILING_PROBES = 10;
/** A single failing voter is not an outage. */
const MIN_FAILING_VOTERS = 2;

interface RequestHealth {
  isFailing: boolean;
  /** When its last attempt ended. */
  at: number;
  /** Created at the first failure. */
  breaker: CircuitBreaker | null;
}

interface TenantHealth {
  /** In the order of their last attempts. */
  readonly requests: Map<string, RequestHealth>;
  /** During an outage, when the next request is admitted: one whose last attempt failed, and one without a result. */
  nextProbeAt: { failing: number; unknown: number };
}

export const CIRCUIT_OPEN = new PublicError({
  code: 'UPSTREAM_UNAVAILABLE',
  message: 'The AIML API has been failing; requests to it are held back for a moment.',
  retryable: true,
});

export class UpstreamHealth {
  readonly #now: () => number;
  readonly #onBreaker: (change: ChangedBreaker) => void;
  readonly #connection: CircuitBreaker;
  readonly #outage: CircuitBreaker;
  readonly #tenants = new LRUCache<string, TenantHealth>({
    max: MAX_TENANTS,
    dispose: ({ requests }, tenant) => {
      for (const health of requests.values()) this.#forget(tenant, health);
    },
  });
  /** Requests known to fail that passed during an outage, in the second that ends at `endsAt`. */
  #failingProbes = { endsAt: 0, count: 0 };

  /** `now` is a monotonic clock in milliseconds. `onBreaker` is called when a breaker has opened or closed. */
  constructor(
    now: () => number = () => performance.now(),
    onBreaker: (change: ChangedBreaker) => void = () => undefined,
  ) {
    this.#now = now;
    this.#onBreaker = onBreaker;
    this.#connection = new CircuitBreaker(now, undefined, (isOpen) =>
      onBreaker({ scope: 'connections', isOpen, tenant: null }),
    );
    this.#outage = new CircuitBreaker(
      now,
      () => this.#startsOutage(),
      (isOpen) => onBreaker({ scope: 'outage', isOpen, tenant: null }),
    );
  }

  /** Whether any circuit breaker is open. */
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
  isBlocked(tenant: string, request: string): boolean {
    const health = this.#tenants.peek(tenant);
    const requestHealth = health?.requests.get(request);
    if (this.#connection.isBlocking || requestHealth?.breaker?.isBlocking) return true;
    if (!this.#outage.isOpen || this.#isKnownGood(requestHealth)) return false;
    if (health && this.#now() < health.nextProbeAt[probeKindOf(requestHealth)]) return true;
    const { endsAt, count } = this.#failingProbes;
    return probeKindOf(requestHealth) === 'failing' && this.#now() < endsAt && count >= MAX_FAILING_PROBES;
  }

  /** Whether an attempt may be made now. Where requests are held back, true is a probe. */
  tryAdmit(tenant: string, request: string): boolean {
    const requestHealth = this.#tenants.peek(tenant)?.requests.get(request);
    if (!this.#connection.isOpen && !this.#outage.isOpen && !requestHealth?.breaker) return true;
    if (this.isBlocked(tenant, request)) return false;
    if (this.#outage.isOpen && !this.#isKnownGood(requestHealth)) this.#countProbe(tenant, probeKindOf(requestHealth));
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
      health.breaker ??= new CircuitBreaker(this.#now, undefined, (isOpen) =>
        this.#onBreaker({ scope: 'request', isOpen, tenant }),
      );
    health.breaker?.record(!isFailing);
    if (known) requests.delete(request);
    requests.set(request, health);
    if (requests.size > MAX_REQUESTS_PER_TENANT) this.#forgetOldest(tenant, requests);
    this.#outage.record(!isFailing);
  }

  #forgetOldest(tenant: string, requests: TenantHealth['requests']): void {
    for (const [request, health] of requests) {
      requests.delete(request);
      this.#forget(tenant, health);
      return;
    }
  }

  /** A request without health is no longer blocked. */
  #forget(tenant: string, { breaker }: RequestHealth): void {
    if (breaker?.isOpen) this.#onBreaker({ scope: 'request', isOpen: false, tenant });
  }

  #tenantHealthOf(tenant: string): TenantHealth {
    let health = this.#tenants.get(tenant);
    if (!health) {
      health = { requests: new Map(), nextProbeAt: { failing: 0, unknown: 0 } };
      this.#tenants.set(tenant, health);
    }
    return health;
  }

  #countProbe(tenant: string, kind: 'failing' | 'unknown'): void {
    const now = this.#now();
    this.#tenantHealthOf(tenant).nextProbeAt[kind] = now + PROBE_INTERVAL_MS;
    if (kind === 'unknown') return;
    if (now >= this.#failingProbes.endsAt) this.#failingProbes = { endsAt: now + PROBE_INTERVAL_MS, count: 0 };
    this.#failingProbes.count += 1;
  }

  #isKnownGood(health: RequestHealth | undefined): boolean {
    return health !== undefined && !health.isFailing && this.#now() - health.at <= WINDOW_MS;
  }

  /** Decides when most attempts fail: tenants vote, or the requests of a single tenant. */
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

const probeKindOf = (health: RequestHealth | undefined): 'failing' | 'unknown' =>
  health?.isFailing ? 'failing' : 'unknown';
