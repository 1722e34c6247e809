/**
 * Idempotency keys for an upstream that does not support them: the same key of the same credential creates once.
 *
 * The key is stored in the metadata of the created object. Another process, or this one after a lost response, finds it
 * among the newest objects. If upstream cannot list the objects, a key is valid within this process only.
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { CancellationToken } from '../runtime/cancellation.ts';
import { isLimitOfOperation, PublicError } from '../runtime/errors.ts';

const TTL_MS = 24 * 60 * 60_000;
/** An entry takes about half a kilobyte, so that all of them take at most 16 MB. */
const MAX_KEYS = 32_000;

/** The pair of metadata that holds the key. */
export const KEY_NAME = 'idempotency_key';
/** The pairs of metadata that the client can use beside the key. */
const MAX_PAIRS = 15;

/** Where a created object is read. */
export interface CreatedObject {
  readonly path: string;
  readonly id: string;
}

interface CachedCreate {
  readonly digest: string;
  /** Null if it failed for a reason of its own request: another request with the key tries again. */
  readonly created: Promise<CreatedObject | null>;
}

/** One create with a key. */
interface KeyedCreate<T> {
  readonly tenant: string;
  /** The path of the collection. Each collection has its own keys. */
  readonly path: string;
  readonly key: string;
  /** The body as JSON, without the key. Another body with the same key is an error. */
  readonly json: string;
  readonly cancellation: CancellationToken;
  /** Finds the object that has the key. Null if there is none, or upstream cannot list. Rejects if the read fails. */
  readonly find: () => Promise<T | null>;
  readonly create: () => Promise<T>;
  /** Throws a PublicError if its id is not valid in a path. */
  readonly locate: (object: T) => CreatedObject;
  /** Rejects with NOT_FOUND if the object was deleted. */
  readonly get: (created: CreatedObject) => Promise<T>;
}

export class IdempotencyKeys {
  readonly #creates: LRUCache<string, CachedCreate>;

  /** `now` is a monotonic clock in milliseconds. */
  constructor(now = () => performance.now()) {
    this.#creates = new LRUCache({
      // `max` would allocate the memory of all entries at once.
      maxSize: MAX_KEYS,
      sizeCalculation: () => 1,
      ttl: TTL_MS,
      ttlResolution: 0,
      perf: { now },
    });
  }

  /** Resolves to the object of the first create with the key. Always rejects with a PublicError. */
  async create<T>(request: KeyedCreate<T>): Promise<T> {
    const { tenant, path, key, json } = request;
    const name = `${tenant} ${path} ${key}`;
    const digest = createHash('sha256').update(json).digest('base64url');
    for (;;) {
      const cached = this.#creates.get(name);
      if (!cached) return this.#createFirst(name, digest, request);
      if (cached.digest !== digest) throw keyReused();
      const created = await cached.created;
      if (created) return getAgain(request, created);
    }
  }

  #createFirst<T>(name: string, digest: string, request: KeyedCreate<T>): Promise<T> {
    const object = createOrFind(request);
    const created = object.then(request.locate, (error: unknown) => {
      if (isFailureOfRequest(error, request.cancellation)) return null;
      throw error;
    });
    this.#creates.set(name, { digest, created });
    // A failed create leaves the key free: the next request with it looks for the object first.
    const free = () => this.#creates.delete(name);
    created.then((result) => result ?? free(), free);
    return object;
  }
}

/** Whether nothing was created because the client disconnected or a limit of its operation was reached. */
const isFailureOfRequest = (error: unknown, { isCancelled }: CancellationToken): boolean =>
  error instanceof PublicError && error.details.outcome !== 'UNKNOWN' && (isCancelled || isLimitOfOperation(error));

async function getAgain<T>({ get }: KeyedCreate<T>, created: CreatedObject): Promise<T> {
  try {
    return await get(created);
  } catch (error) {
    throw error instanceof PublicError && error.code === 'NOT_FOUND' ? createdIsDeleted() : error;
  }
}

async function createOrFind<T>({ find, create }: KeyedCreate<T>): Promise<T> {
  const existing = await find();
  if (existing) return existing;
  try {
    return await create();
  } catch (error) {
    if (!(error instanceof PublicError) || error.code !== 'OUTCOME_UNKNOWN') throw error;
    const found = await find().catch(() => null);
    if (found) return found;
    throw error;
  }
}

/** The body with the key in its metadata. Throws BAD_USER_INPUT if the metadata is full, or has another value in its place. */
export function stampKey<Body>(body: Body, key: string): Body {
  const { metadata = {} } = body as { readonly metadata?: Readonly<Record<string, string>> };
  if (Object.keys(metadata).length > MAX_PAIRS) {
    const reason = `"metadata" takes at most ${MAX_PAIRS} pairs beside an idempotency key.`;
    throw badInput('metadata', 'TOO_MANY', reason, 'The metadata has too many pairs.');
  }
  if ((metadata[KEY_NAME] ?? key) !== key) {
    const reason = `"metadata" must not have "${KEY_NAME}" beside an idempotency key.`;
    throw badInput('metadata', 'INVALID', reason, 'The metadata has a pair of the name that holds the key.');
  }
  return { ...body, metadata: { ...metadata, [KEY_NAME]: key } };
}

/** The same key was used with another input. */
export const keyReused = (): PublicError =>
  badInput(KEY_NAME, 'INVALID', 'The idempotency key was used with another input.');

export const createdIsDeleted = (): PublicError =>
  badInput(
    KEY_NAME,
    'INVALID',
    'What was created with the idempotency key has been deleted: nothing was created again.',
  );

const badInput = (param: string, problem: 'INVALID' | 'TOO_MANY', reason: string, message = reason): PublicError =>
  new PublicError({ code: 'BAD_USER_INPUT', message, retryable: false, param, problem, reason });
