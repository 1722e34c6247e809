/**
 * Work under way that others who ask for the same may join instead of doing it again.
 *
 * Nobody joins across tenants. Nobody joins what began before a write of his tenant was acknowledged either: whoever
 * acknowledges a write calls {@link SingleFlight.forget} first.
 */
import { CancellationToken } from './cancellation.ts';

/** As long as there are no more of them, a tenant's place is kept for his next work. */
const MAX_IDLE_TENANTS = 1000;

interface Entry<T> {
  /**
   * Null once it has settled. The table of a Map keeps what was deleted until it is replaced, and what an old table that has
   * grown into the old generation holds lives until the next full collection: with the promise, that would be the whole
   * request, and every request.
   */
  promise: Promise<T> | null;
  /** Happens when all who wait have gone. */
  readonly cancellation: CancellationToken;
  waiting: number;
}

export interface SharedPromise<T> {
  /** Settles as the work does. */
  readonly promise: Promise<T>;
  /** Whether it was under way already. */
  readonly isShared: boolean;
}

export class SingleFlight<T> {
  readonly #tenants = new Map<string, Map<string, Entry<T>>>();

  /**
   * Joins what is under way for `key`, or starts it. `hangUp` is that of the one who asks; the work gets one that happens
   * when all who wait for it have gone. Keys are best short, for the same reason as a promise is not kept.
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

  /** What is under way for the tenant is not joined any more. It goes on for those who wait for it. */
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
