/**
 * Loads, memoizes and writes one kind of object for one GraphQL request. A loader serves one credential and is never
 * shared between requests.
 */
import DataLoader from 'dataloader';
import type { Semaphore } from '../runtime/semaphore.ts';
import { PublicError } from '../runtime/errors.ts';
import type { Action, ApiObject, ListQuery, Resource } from './resource.ts';
import type { StreamReceiver } from './stream-body.ts';
import type { WireList } from './wire.ts';

/** Every id has passed isUpstreamId. Every method rejects with a PublicError only. */
export class ResourceLoader<T extends ApiObject, CreateBody, ModifyBody> {
  readonly #resource: Resource<T, CreateBody, ModifyBody>;
  readonly #callsInFlight: Semaphore;
  readonly #byId = new DataLoader<string, T | null>((ids) => this.#loadAll(ids));
  /** Null until there is one. */
  #listsInFlight: Set<Promise<WireList<T>>> | null = null;
  readonly #listed = new Map<string, T>();
  readonly #isLongLived: () => boolean;
  /** By their queries. Null while lists are not memoized. */
  #lists: Map<string, Promise<WireList<T>>> | null = null;

  /**
   * `callsInFlight` bounds the calls of the whole request, of all loaders. `isLongLived`: whether the request is a
   * subscription, which resolves the same fields again and again. Its lists are memoized as well, and failed reads are not.
   */
  constructor(
    resource: Resource<T, CreateBody, ModifyBody>,
    callsInFlight: Semaphore,
    isLongLived: () => boolean = () => false,
  ) {
    this.#resource = resource;
    this.#callsInFlight = callsInFlight;
    this.#isLongLived = isLongLived;
  }

  /** One object, null if upstream has none with this id (404, 410). An id is read once. */
  load(id: string): Promise<T | null> {
    const listed = this.#listed.get(id);
    if (listed) return Promise.resolve(listed);
    const loaded = this.#byId.load(id);
    if (this.#isLongLived()) loaded.catch(() => this.#byId.clear(id));
    return loaded;
  }

  /** Replaces the memoized object. */
  remember(object: T): void {
    this.#forget(object.id);
    this.#byId.prime(object.id, object);
  }

  /** One page. Its objects are memoized by id. For an unknown cursor see {@link Resource.list}. */
  list(query: ListQuery): Promise<WireList<T>> {
    return this.#lists || this.#isLongLived() ? this.prefetch(query) : this.#list(query);
  }

  /** Reads the page ahead: `list` with the same query returns it too. For requests that write nothing. */
  prefetch(query: ListQuery): Promise<WireList<T>> {
    const key = JSON.stringify(query);
    const lists = (this.#lists ??= new Map<string, Promise<WireList<T>>>());
    const memoized = lists.get(key);
    if (memoized) return memoized;
    const list = this.#list(query);
    lists.set(key, list);
    if (this.#isLongLived()) list.catch(() => lists.delete(key));
    return list;
  }

  #list(query: ListQuery): Promise<WireList<T>> {
    const list = this.#call(() => this.#resource.list(query)).then((page) => {
      for (const object of page.data) this.#listed.set(object.id, object);
      return page;
    });
    const inFlight = (this.#listsInFlight ??= new Set());
    inFlight.add(list);
    const forget = () => inFlight.delete(list);
    list.then(forget, forget);
    return list;
  }

  async create(body: CreateBody, idempotencyKey?: string, receiver?: StreamReceiver): Promise<T> {
    const object = await this.#call(() => this.#resource.create(body, idempotencyKey, receiver));
    this.#byId.prime(object.id, object);
    return object;
  }

  /** See {@link Resource.act}. Code NOT_FOUND if upstream has none with this id. */
  act(id: string, action: Action<T>): Promise<T> {
    return this.#write(id, () => this.#resource.act(id, action));
  }

  /** Reads the object again. Null if upstream has none. */
  reload(id: string): Promise<T | null> {
    this.#forget(id);
    return this.load(id);
  }

  /**
   * Resolves to the object after the write. An empty body is not sent: it changes nothing. Null, or code NOT_FOUND, if upstream
   * has none with this id.
   */
  modify(id: string, body: ModifyBody): Promise<T | null> {
    return Object.keys(body as object).length === 0
      ? this.load(id)
      : this.#write(id, () => this.#resource.modify(id, body));
  }

  /** Resolves once the object is deleted. Code NOT_FOUND if upstream has none with this id. */
  async delete(id: string): Promise<void> {
    await this.#write(id, async () => {
      await this.#resource.delete(id);
      return null;
    });
  }

  /** Replaces the memoized object by the result of the write, null after a delete. */
  async #write<V extends T | null>(id: string, write: () => Promise<V>): Promise<V> {
    this.#forget(id);
    const object = await this.#call(write);
    this.#forget(id);
    this.#byId.prime(id, object);
    return object;
  }

  #forget(id: string): void {
    this.#listed.delete(id);
    this.#byId.clear(id);
  }

  /** A list in flight may contain the objects, so it is awaited before ids are read. */
  async #loadAll(ids: readonly string[]): Promise<(T | null | Error)[]> {
    if (this.#listsInFlight && this.#listsInFlight.size > 0) await Promise.allSettled(this.#listsInFlight);
    return Promise.all(ids.map((id) => this.#loadOne(id)));
  }

  async #loadOne(id: string): Promise<T | null | Error> {
    const listed = this.#listed.get(id);
    if (listed) return listed;
    try {
      return await this.#call(() => this.#resource.get(id));
    } catch (error) {
      if (error instanceof PublicError) return error.code === 'NOT_FOUND' ? null : error;
      throw error;
    }
  }

  async #call<V>(call: () => Promise<V>): Promise<V> {
    const release = this.#callsInFlight.tryAcquire() ?? (await this.#callsInFlight.acquire());
    try {
      return await call();
    } finally {
      release();
    }
  }
}
