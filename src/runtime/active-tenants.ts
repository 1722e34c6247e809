/** Records whether another tenant has been active recently. It stores the two most recent tenants only. */
export class ActiveTenants {
  readonly #now: () => number;
  #latest: { readonly tenant: string; at: number } | null = null;
  #other: { readonly tenant: string; readonly at: number } | null = null;

  /** `now` is a monotonic clock in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  record(tenant: string): void {
    const at = this.#now();
    if (this.#latest?.tenant === tenant) {
      this.#latest.at = at;
      return;
    }
    this.#other = this.#latest;
    this.#latest = { tenant, at };
  }

  hasOther(tenant: string, withinMs: number): boolean {
    const other = this.#latest?.tenant === tenant ? this.#other : this.#latest;
    return other !== null && this.#now() - other.at <= withinMs;
  }
}
