/**
 * Limits how much of a shared capacity one of several tenants may hold, so that some is always left for others: half of it
 * while others are active, and everything except a reserve while it is the only active one.
 */
import { ActiveTenants } from './active-tenants.ts';

/** How long a tenant counts as active after its last request, in milliseconds. */
const ACTIVE_MS = 60_000;

interface FairShareOptions {
  readonly capacity: number;
  /** The capacity that a single active tenant leaves for others; an eighth of the capacity by default and at most. */
  readonly reserve?: number;
  /** A monotonic clock in milliseconds. */
  readonly now?: () => number;
}

export class FairShare {
  readonly #limitAlone: number;
  readonly #limitAmongOthers: number;
  readonly #active: ActiveTenants;
  /** Contains only tenants that hold capacity. */
  readonly #held = new Map<string, number>();

  constructor({ capacity, reserve = Infinity, now }: FairShareOptions) {
    this.#limitAlone = capacity - Math.min(reserve, Math.floor(capacity / 8));
    this.#limitAmongOthers = Math.max(1, Math.floor(capacity / 2));
    this.#active = new ActiveTenants(now);
  }

  /** Returns a function that releases it, once. Null if the tenant already holds its share. */
  tryAcquire(tenant: string): (() => void) | null {
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
