/**
 * Reads of upstream that callers with one credential share: while they are under way, and, where a time is set, from a
 * cache after that. The retry table stays the client's; this decides only whether upstream is asked at all.
 */
import { TOO_MUCH_AT_ONCE, type AimlClient, type Call, type Caller } from './client.ts';
import { AimlError } from './errors.ts';
import { ReadCache, type CachedRead } from './read-cache.ts';
import { SharedWork } from './shared-work.ts';
import { headerOf, type Answer } from './transport.ts';

export interface ReadsOptions {
  /** How long a read may be answered from the cache without asking upstream; 0 for no cache. */
  readonly cacheTtlMs: number;
}

/** What is read does not depend on who reads it, but for the credential. */
export type ReadCall<T> = Pick<Call<T>, 'name' | 'path' | 'isCollection'> & { readonly read: (body: unknown) => T };

export class Reads {
  readonly #client: AimlClient;
  readonly #work = new SharedWork<unknown>();
  readonly #cache: ReadCache | null;
  #onWrite: (tenant: string) => void = () => undefined;

  constructor(client: AimlClient, { cacheTtlMs }: ReadsOptions) {
    this.#client = client;
    this.#cache = cacheTtlMs > 0 ? new ReadCache({ ttlMs: cacheTtlMs }) : null;
  }

  /** `listener` is called when a write of a tenant has ended, before it is acknowledged. */
  onWrite(listener: (tenant: string) => void): void {
    this.#onWrite = listener;
  }

  /** Rejects with an AimlError and nothing else. One path is always read in the same way, so it is always of one type. */
  read<T>(call: ReadCall<T>, caller: Caller): Promise<T> {
    const cached = this.#cache?.get(caller.tenant, call.path);
    if (cached?.isFresh) return Promise.resolve(cached.value as T);
    const { result, hasJoined } = this.#work.run(caller.tenant, call.path, caller.hangUp, (hangUp) =>
      this.#ask(call, { ...caller, hangUp }),
    );
    return (hasJoined ? this.#orAsk(result, call, caller) : result) as Promise<T>;
  }

  /** Runs a write to `path`. What was read before it is neither joined nor given from the cache after it. */
  async write<T>(path: string, { tenant }: Caller, run: () => Promise<T>): Promise<T> {
    this.#cache?.removeForWrite(tenant, path);
    try {
      return await run();
    } finally {
      this.#cache?.removeForWrite(tenant, path);
      this.#work.forget(tenant);
      this.#onWrite(tenant);
    }
  }

  /** What another's read comes to; asks again where it was his time, or his room, that ran out. */
  async #orAsk(result: Promise<unknown>, call: ReadCall<unknown>, caller: Caller): Promise<unknown> {
    try {
      return await result;
    } catch (error) {
      const isHis = error === TOO_MUCH_AT_ONCE || (error instanceof AimlError && error.code === 'UPSTREAM_TIMEOUT');
      if (!isHis || performance.now() >= caller.deadlineAt) throw error;
      return this.#ask(call, caller);
    }
  }

  #ask<T>(call: ReadCall<T>, caller: Caller): Promise<T> {
    if (this.#cache) return this.#askForCache(call, caller, this.#cache);
    return this.#client.call({ ...call, rule: 'get', body: null }, caller);
  }

  async #askForCache<T>(call: ReadCall<T>, caller: Caller, cache: ReadCache): Promise<T> {
    const { tenant } = caller;
    const { writes } = cache;
    const cached = cache.get(tenant, call.path);
    const read = await this.#client.call<(CachedRead & { readonly size: number }) | null>(
      {
        ...call,
        rule: 'get',
        body: null,
        read: (body, answer) => ({ value: call.read(body), etag: etagOf(answer), size: answer.body.length }),
        ...(cached?.etag && { known: { etag: cached.etag, take: () => null } }),
      },
      caller,
    );
    if (read) cache.set(tenant, call.path, read, read.size, writes);
    else cache.renew(tenant, call.path, writes);
    return (read ?? cached)?.value as T;
  }
}

/** As upstream sent it, to be sent back; one that could not be sent is none. */
function etagOf(answer: Answer): string | null {
  const etag = headerOf(answer, 'etag');
  return etag !== undefined && /^(?:W\/)?"[\x21\x23-\x7e]*"$/.test(etag) ? etag : null;
}
