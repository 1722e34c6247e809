/**
 * Bounds how much of a common capacity one tenant may hold, so that the others always find some of it.
 *
 * A tenant may hold half of the capacity while others are active, and all but a reserve for newcomers while it is alone.
 * Where there can be one tenant only, it may hold everything.
 */
import { ActiveTenants } from './active-tenants.ts';
import { Semaphore, type Release } from './semaphore.ts';

/** How long a tenant counts as active after its last request, in milliseconds. */
const ACTIVE_MS = 60_000;

export interface FairShareOptions {
  readonly capacity: number;
  /** Whether there can be more than one tenant. */
  readonly isMultiTenant: boolean;
  /** How much of it is kept for newcomers while one tenant is alone: an eighth at most, and where it is left out. */
  readonly reserve?: number;
  /** A monotonic clock in milliseconds. */
  readonly now?: () => number;
}

export class FairShare {
  /** Bounds the one tenant that there can be; null where there can be more. */
  readonly #single: Semaphore | null;
  readonly #limitAlone: number;
  readonly #limitAmongOthers: number;
  readonly #active: ActiveTenants;
  /** Holds only tenants that hold something. */
  readonly #held = new Map<string, number>();

  constructor({ capacity, isMultiTenant, reserve = Infinity, now }: FairShareOptions) {
    this.#single = isMultiTenant ? null : new Semaphore(capacity);
    this.#limitAlone = capacity - Math.min(reserve, Math.floor(capacity / 8));
    this.#limitAmongOthers = Math.max(1, Math.floor(capacity / 2));
    this.#active = new ActiveTenants(now);
  }

  /** Null where the tenant holds its share already. */
  tryAcquire(tenant: string): Release | null {
    if (this.#single) return this.#single.tryAcquire();
    this.#active.record(tenant);
    const held = this.#held.get(tenant) ?? 0;
    if (held >= this.#limitOf(tenant, held)) return null;
    this.#held.set(tenant, held + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const left = (this.#held.get(tenant) ?? 0) - 1;
      if (left > 0) this.#held.set(tenant, left);
      else this.#held.delete(tenant);
    };
  }

  #limitOf(tenant: string, held: number): number {
    const holdsAlone = this.#held.size === (held > 0 ? 1 : 0);
    return holdsAlone && !this.#active.hasOther(tenant, ACTIVE_MS) ? this.#limitAlone : this.#limitAmongOthers;
  }
}
