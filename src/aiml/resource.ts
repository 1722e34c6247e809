/**
 * Resources of the AIML API: a definition for each kind of object, and the calls that all kinds share.
 *
 * Bodies are sent unchanged. Paths are built from validated ids only. Nothing here depends on GraphQL.
 */
import type { Call, UpstreamContext } from './call.ts';
import type { AimlClient } from './client.ts';
import { PublicError, type PublicErrorDetails } from '../runtime/errors.ts';
import { KEY_NAME, keyReused, stampKey, type CreatedObject, type IdempotencyKeys } from './idempotency-keys.ts';
import type { ReadCall, ReadThroughCache } from './cache/read-through.ts';
import type { StreamReceiver } from './stream-body.ts';
import {
  isUpstreamId,
  MalformedResponseError,
  readDeletion,
  readList,
  type WireList,
  type WireMetadata,
} from './wire.ts';

/** The maximum size of a page. */
const MAX_LIST = 100;

/** The fields of all objects. */
export interface ApiObject {
  readonly id: string;
  readonly metadata: WireMetadata;
}

/** Describes one kind of object. */
export interface ResourceDefinition<T extends ApiObject, CreateBody, ModifyBody> {
  /** The prefix of its calls in logs and metrics: `assistants.get`. */
  readonly name: string;
  /** The path of the collection: `['threads', 'messages']` is `/threads/{parent}/messages`. */
  readonly segments: readonly string[];
  /** The ids in the path of a created object, outermost first; absent if they are those of the create. */
  readonly parentsOf?: (object: T) => readonly string[];
  /** The singular, in messages to clients. */
  readonly noun: string;
  /** Reads one object. Throws MalformedResponseError. */
  readonly read: (value: unknown) => T;
  /** Whether reads may be cached: only writes of the same credential change the object. */
  readonly isCacheable: boolean;
  /**
   * Whether `object`, which was found by its idempotency key, may have been created with `body`. Absent if the AIML API does
   * not list the objects, so that none can be found.
   */
  readonly isCreatedFrom?: (body: CreateBody, object: T) => boolean;
  /** Whether `object` has the values of `body`. Decides after a modify of unknown outcome. */
  readonly isModified?: (body: ModifyBody, object: T) => boolean;
}

export interface ListQuery {
  /** 1 to 100. */
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  /** The id after which the page starts. Null for the start of the list. */
  readonly after: string | null;
  /** Parameters that filter the list. Values are ids. */
  readonly filter?: Readonly<Record<string, string>>;
}

/** A POST to a path below an object, for example a cancel. */
export interface Action<T> {
  /** The last segment of its path. */
  readonly action: string;
  /** Null for none. */
  readonly body: unknown;
  /** Whether the object shows that the action was applied. */
  readonly isApplied: (object: T) => boolean;
  /** If set, an event stream is requested, and the receiver gets it. */
  readonly receiver?: StreamReceiver | undefined;
}

/** What the calls of one GraphQL request need. All but the context is shared by all requests of the process. */
export interface CallAccess {
  readonly client: AimlClient;
  readonly reads: ReadThroughCache;
  readonly idempotencyKeys: IdempotencyKeys;
  /** Whether upstream is the embedded AIML API, which supports more. */
  readonly isEmbedded: boolean;
  readonly context: UpstreamContext;
}

/**
 * The calls of one kind of object, for one request. Every method rejects with a PublicError only; its code is `NOT_FOUND`
 * if upstream does not have the object or its parent.
 */
export class Resource<T extends ApiObject, CreateBody, ModifyBody> {
  readonly #definition: ResourceDefinition<T, CreateBody, ModifyBody>;
  readonly #access: CallAccess;
  readonly #collection: string;
  readonly #isTopLevel: boolean;

  /** `parents` are the ids in the path of the collection, outermost first. */
  constructor(
    definition: ResourceDefinition<T, CreateBody, ModifyBody>,
    access: CallAccess,
    ...parents: readonly string[]
  ) {
    this.#definition = definition;
    this.#access = access;
    this.#isTopLevel = definition.segments.length === 1;
    this.#collection = this.#isTopLevel ? `/${definition.segments[0] ?? ''}` : pathBelow(parents, definition.segments);
  }

  get(id: string): Promise<T> {
    return this.#get({ id, path: this.#pathOf(id) });
  }

  #get({ id, path }: CreatedObject): Promise<T> {
    const { name, noun, isCacheable } = this.#definition;
    return this.#read({
      name: `${name}.get`,
      noun,
      rule: 'get',
      path,
      isCacheable,
      read: (body) => this.#readWithId(body, id),
    });
  }

  /** One page. Rejects with `BAD_USER_INPUT` and the param `after` if upstream does not have the cursor. */
  async list({ limit, order, after, filter = {} }: ListQuery): Promise<WireList<T>> {
    const filters = Object.entries(filter).map(([name, value]) => `&${name}=${checked(value)}`);
    const query = `limit=${limit}&order=${order}${filters.join('')}`;
    if (after === null) return this.#list(query);
    let upstream: PublicErrorDetails['upstream'];
    try {
      return await this.#list(`${query}&after=${checked(after)}`);
    } catch (error) {
      const details: Partial<PublicErrorDetails> = error instanceof PublicError ? error.details : {};
      upstream = details.upstream;
      const isRejected = upstream?.status === 400 && (details.param ?? null) === null;
      if (!isRejected && ![404, 410].includes(upstream?.status ?? 0)) throw error;
    }
    // A 404 means an unknown cursor or a missing collection, and a 400 without a param may mean a cursor as well. The list
    // without a cursor distinguishes them.
    await this.#list(`limit=1${filters.join('')}`);
    throw new PublicError({
      code: 'BAD_USER_INPUT',
      message: 'The AIML API does not know this cursor.',
      retryable: false,
      param: 'after',
      upstream,
    });
  }

  /**
   * With `idempotencyKey`, the same key of the same credential creates once; another body with it is BAD_USER_INPUT. With
   * `receiver`, an event stream is requested, and the receiver gets it.
   */
  create(body: CreateBody, idempotencyKey?: string, receiver?: StreamReceiver): Promise<T> {
    return idempotencyKey === undefined || this.#access.isEmbedded
      ? this.#create(body, receiver, idempotencyKey)
      : this.#createOnce(body, receiver, idempotencyKey);
  }

  /** With an idempotency key, which only the embedded AIML API supports, the create may be retried. */
  #create(body: CreateBody, receiver: StreamReceiver | undefined, idempotencyKey?: string): Promise<T> {
    const { name, noun, read } = this.#definition;
    return this.#writeStreamed(receiver, (stream) => ({
      name: `${name}.create`,
      noun,
      rule: 'create',
      path: this.#collection,
      body: toJson(body, stream),
      notFoundMeansSunset: this.#isTopLevel,
      read,
      idempotencyKey,
      receiver: stream,
    }));
  }

  #createOnce(body: CreateBody, receiver: StreamReceiver | undefined, key: string): Promise<T> {
    const { context, idempotencyKeys } = this.#access;
    return idempotencyKeys.create({
      tenant: context.tenant,
      path: this.#collection,
      key,
      json: JSON.stringify(body),
      cancellation: context.cancel,
      find: () => this.#findByKey(body, key),
      create: () => this.#create(stampKey(body, key), receiver),
      locate: (object) => this.#locate(object),
      get: (created) => this.#get(created),
    });
  }

  #locate(object: T): CreatedObject {
    const { parentsOf, segments } = this.#definition;
    const collection = parentsOf ? pathBelow(parentsOf(object), segments) : this.#collection;
    return { id: object.id, path: `${collection}/${checked(object.id)}` };
  }

  /** Searches the newest objects. Bypasses the cache, as another process may just have created the object. */
  async #findByKey(body: CreateBody, key: string): Promise<T | null> {
    const { isCreatedFrom } = this.#definition;
    if (!isCreatedFrom) return null;
    const { data } = await this.#list(`limit=${MAX_LIST}&order=desc`, false);
    const found = data.find(({ metadata }) => metadata[KEY_NAME] === key);
    if (!found) return null;
    if (!isCreatedFrom(stampKey(body, key), found)) throw keyReused();
    return found;
  }

  /** Resolves to the object after the write. */
  modify(id: string, body: ModifyBody): Promise<T> {
    const { isModified } = this.#definition;
    const isApplied = (object: T) => isModified?.(body, object) ?? false;
    return this.#update(id, '', { action: 'modify', body, isApplied });
  }

  /**
   * POSTs to `action` below the object. After an attempt of unknown outcome the object is read back once, and `isApplied`
   * decides. Resolves to the object after the action.
   */
  act(id: string, action: Action<T>): Promise<T> {
    return this.#update(id, `/${action.action}`, action);
  }

  #update(id: string, below: string, { action, body, isApplied, receiver }: Action<T>): Promise<T> {
    const { name, noun } = this.#definition;
    const path = this.#pathOf(id);
    const read = (response: unknown) => this.#readWithId(response, id);
    return this.#writeStreamed(receiver, (stream) => ({
      name: `${name}.${action}`,
      noun,
      rule: 'modify',
      path: path + below,
      body: body === null ? undefined : toJson(body, stream),
      receiver: stream,
      read,
      readBack: { name: `${name}.get`, path, read, isApplied },
    }));
  }

  /** Resolves once upstream confirms the deletion. */
  delete(id: string): Promise<void> {
    const { name, noun } = this.#definition;
    return this.#write({
      name: `${name}.delete`,
      noun,
      rule: 'delete',
      path: this.#pathOf(id),
      read: (body) => {
        if (body === undefined || readDeletion(body, id)) return;
        throw new PublicError({
          code: 'UPSTREAM_BAD_RESPONSE',
          message: `The AIML API responded that it did not delete the ${noun}.`,
          retryable: true,
        });
      },
      onAlreadyDeleted: () => undefined,
    });
  }

  #list(query: string, isCacheable = this.#definition.isCacheable): Promise<WireList<T>> {
    const { name, noun, read } = this.#definition;
    return this.#read({
      name: `${name}.list`,
      noun,
      rule: 'get',
      path: `${this.#collection}?${query}`,
      notFoundMeansSunset: this.#isTopLevel,
      isCacheable,
      read: (body) => readList(body, read),
    });
  }

  #readWithId(body: unknown, id: string): T {
    const object = this.#definition.read(body);
    if (object.id !== id) throw new MalformedResponseError('id', 'the requested id');
    return object;
  }

  #read<V>(call: ReadCall<V>): Promise<V> {
    return this.#access.reads.read(call, this.#access.context);
  }

  /** With `receiver`, a stream is requested; if upstream rejects it, the call is made without. */
  async #writeStreamed<V>(
    receiver: StreamReceiver | undefined,
    toCall: (receiver: StreamReceiver | undefined) => Call<V>,
  ): Promise<V> {
    try {
      return await this.#write(toCall(receiver));
    } catch (error) {
      if (receiver && isStreamRejected(error)) return this.#write(toCall(undefined));
      throw error;
    }
  }

  #write<V>(call: Call<V>): Promise<V> {
    const { client, reads, context } = this.#access;
    return reads.write(context, () => client.call(call, context));
  }

  #pathOf(id: string): string {
    return `${this.#collection}/${checked(id)}`;
  }
}

/** The JSON of a body, which asks for an event stream if there is a receiver. */
const toJson = (body: unknown, receiver: StreamReceiver | undefined): string =>
  JSON.stringify(receiver ? { ...(body as object), stream: true } : body);

/** Some models do not stream. Nothing was applied, so the request can be sent again without `stream`. */
const isStreamRejected = (error: unknown): boolean =>
  error instanceof PublicError &&
  error.code === 'BAD_USER_INPUT' &&
  (error.details.param === 'stream' || /\bstream(?:s|ed|ing)?\b/i.test(error.details.reason ?? ''));

const pathBelow = (parents: readonly string[], segments: readonly string[]): string =>
  segments
    .map((segment, level) => `/${segment}${level < parents.length ? `/${checked(parents[level])}` : ''}`)
    .join('');

/**
 * The last check before the network. Ids of clients were validated before, so an invalid id came from upstream. Throws a
 * PublicError.
 */
function checked(id: string | undefined): string {
  if (id !== undefined && isUpstreamId(id)) return id;
  throw new PublicError({
    code: 'UPSTREAM_BAD_RESPONSE',
    message: 'The AIML API sent an id that is not valid in a path.',
    retryable: false,
  });
}
