/**
 * Single flight: concurrent calls with the same key share one execution.
 *
 * Never shared across tenants. Call {@link SingleFlight.forget} before acknowledging a tenant's write, so that later calls
 * do not share an execution that started before the write.
 */
import { CancellationToken } from './cancellation.ts';

/** Empty maps of up to this many tenants are kept for reuse. */
const MAX_IDLE_TENANTS = 1000;

interface Entry<T> {
  /**
   * Set to null when it settles. A Map's backing store keeps deleted entries reachable until it is rehashed, and in old
   * space until a full GC; through the promise, that would retain the whole request.
   */
  promise: Promise<T> | null;
  /** Cancelled when all waiters are cancelled. */
  readonly cancellation: CancellationToken;
  waiting: number;
}

interface SharedPromise<T> {
  readonly promise: Promise<T>;
  /** Whether the execution was already in flight. */
  readonly isShared: boolean;
}

export class SingleFlight<T> {
  readonly #tenants = new Map<string, Map<string, Entry<T>>>();

  /**
   * Shares the execution in flight for `key`, or starts one. `cancellation` is the caller's; `start` gets a token that is
   * cancelled when all callers are. Keep keys short: deleted keys stay in memory like deleted promises.
   */
  run(
    tenant: string,
    key: string,
    cancellation: CancellationToken,
    start: (cancellation: CancellationToken) => Promise<T>,
  ): SharedPromise<T> {
    let entries = this.#tenants.get(tenant);
    const inFlight = entries?.get(key);
    if (inFlight?.promise && !inFlight.cancellation.isCancelled)
      return { promise: wait(inFlight, inFlight.promise, cancellation), isShared: true };
    if (!entries) this.#tenants.set(tenant, (entries = new Map<string, Entry<T>>()));
    const shared = new CancellationToken();
    const promise = start(shared);
    const entry: Entry<T> = { promise, cancellation: shared, waiting: 0 };
    entries.set(key, entry);
    return { promise: wait(entry, promise, cancellation, () => this.#end(tenant, key, entry)), isShared: false };
  }

  /** Later calls do not share the tenant's executions in flight. Current waiters still get their results. */
  forget(tenant: string): void {
    this.#tenants.delete(tenant);
  }

  #end(tenant: string, key: string, entry: Entry<T>): void {
    entry.promise = null;
    const entries = this.#tenants.get(tenant);
    if (entries?.get(key) !== entry) return;
    entries.delete(key);
    if (entries.size === 0 && this.#tenants.size > MAX_IDLE_TENANTS) this.#tenants.delete(tenant);
  }
}

function wait<T>(
  entry: Entry<T>,
  promise: Promise<T>,
  cancellation: CancellationToken,
  onEnd?: () => void,
): Promise<T> {
  entry.waiting += 1;
  const stopWaiting = () => {
    entry.waiting -= 1;
    if (entry.waiting === 0) entry.cancellation.cancel();
  };
  if (cancellation.isCancelled) stopWaiting();
  else cancellation.onCancel(stopWaiting);
  const end = () => {
    cancellation.offCancel(stopWaiting);
    onEnd?.();
  };
  promise.then(end, end);
  return promise;
}
