/**
 * Cache of the identity provider's public keys. It decides when they are fetched, bounds the size of the response, and
 * limits how long keys are trusted. jose selects the key for a token.
 */
import { createRemoteJWKSet, customFetch, errors, type FetchImplementation, type JWTVerifyGetKey } from 'jose';
import { fetch as fetchThrough, type Dispatcher } from 'undici';
import { createProxyAgent, type ProxySettings } from '../runtime/proxy.ts';
import { errorCode } from '../runtime/error-code.ts';
import { decodeUtf8 } from '../runtime/utf8.ts';

/** Keys older than this are refreshed in the background, in milliseconds. */
const REFRESH_AFTER_MS = 5 * 60_000;
/** Keys older than this are not used, which bounds how long a revoked key is trusted, in milliseconds. */
const EXPIRE_AFTER_MS = 15 * 60_000;
/**
 * How many fetches may follow each other at once, whatever tokens clients send, so that the next request notices a rotation
 * or a recovery.
 */
const FETCH_BURST = 3;
/** The time until one more fetch is allowed, in milliseconds. A flood of tokens of unknown keys delays a new key by this. */
const FETCH_REFILL_MS = 2000;
const TIMEOUT_MS = 5000;
/** The largest key set that is read, in bytes after decompression. */
const MAX_BYTES = 256 * 1024;

/** No usable keys could be obtained. It has no `cause`, because causes name the URL. */
export class KeysUnavailableError extends Error {
  override readonly name = 'KeysUnavailableError';
  /** In a few words: `status 404`, `timeout`. */
  readonly reason: string;

  constructor(reason: string) {
    super();
    this.reason = reason;
  }
}

export interface JwksOptions {
  /** The time-out of a fetch, its body included; 5 s by default. */
  readonly jwksTimeoutMs?: number;
  /** Null or absent if the identity provider is called directly. */
  readonly proxies?: ProxySettings | null;
  /** Called when a fetch fails, with a reason in a few words. */
  readonly onKeysUnavailable?: ((reason: string) => void) | undefined;
}

export class JwksCache {
  readonly #jwks: ReturnType<typeof createRemoteJWKSet>;
  readonly #onKeysUnavailable: (reason: string) => void;
  #fetchedAt = -Infinity;
  /** When the fetch of the current keys began. */
  #currentSince = -Infinity;
  #inFlight: { readonly since: number; readonly ended: Promise<void> } | null = null;
  /** A token bucket: how many fetches were left at a time. */
  #fetchesLeft = FETCH_BURST;
  #countedAt = performance.now();

  /** Fetches nothing yet. */
  constructor(
    url: URL,
    { jwksTimeoutMs = TIMEOUT_MS, proxies = null, onKeysUnavailable = () => undefined }: JwksOptions,
  ) {
    this.#onKeysUnavailable = onKeysUnavailable;
    const dispatcher = proxies && createProxyAgent(proxies);
    this.#jwks = createRemoteJWKSet(url, {
      timeoutDuration: jwksTimeoutMs,
      // jose fetches only when `reload` is called.
      cacheMaxAge: Infinity,
      cooldownDuration: Infinity,
      [customFetch]: (keysUrl, options) => fetchBounded(keysUrl, options, dispatcher),
    });
  }

  /** Finds the key for a token. Rejects with {@link KeysUnavailableError} or with an error of jose. */
  readonly getKey: JWTVerifyGetKey = async (header, token) => {
    const now = performance.now();
    const ageMs = now - this.#fetchedAt;
    if (ageMs >= EXPIRE_AFTER_MS) {
      if (!(await this.#fetch())) throw new KeysUnavailableError('fetched too often');
    } else if (ageMs >= REFRESH_AFTER_MS) {
      this.#fetch().catch(() => undefined);
    }
    return this.#jwks(header, token);
  };

  /**
   * Fetches the keys again unless the fetch of the current ones began after `since` (a `performance.now()` time): an earlier
   * one may have returned the keys of before a rotation. Resolves to false if the fetch limit is reached; rejects with
   * {@link KeysUnavailableError} if the fetch fails.
   */
  async refresh(since: number): Promise<boolean> {
    if (this.#inFlight && this.#inFlight.since <= since) await this.#inFlight.ended;
    return this.#currentSince > since || this.#fetch();
  }

  /** Concurrent calls share one fetch. Resolves and rejects as {@link refresh} does. */
  async #fetch(): Promise<boolean> {
    if (!this.#inFlight) {
      if (!this.#takeFetch()) return false;
      const since = performance.now();
      this.#inFlight = { since, ended: this.#reload(since) };
    }
    await this.#inFlight.ended;
    return true;
  }

  async #reload(since: number): Promise<void> {
    try {
      await this.#jwks.reload();
    } catch (error) {
      const reason = toFailureReason(error);
      this.#onKeysUnavailable(reason);
      throw new KeysUnavailableError(reason);
    } finally {
      this.#inFlight = null;
    }
    this.#currentSince = since;
    this.#fetchedAt = performance.now();
  }

  #takeFetch(): boolean {
    const now = performance.now();
    this.#fetchesLeft = Math.min(FETCH_BURST, this.#fetchesLeft + (now - this.#countedAt) / FETCH_REFILL_MS);
    this.#countedAt = now;
    if (this.#fetchesLeft < 1) return false;
    this.#fetchesLeft -= 1;
    return true;
  }
}

type FetchOptions = Parameters<FetchImplementation>[1];

async function fetchBounded(
  url: string,
  { headers, signal }: FetchOptions,
  dispatcher: Dispatcher | null,
): Promise<Response> {
  // Node's `fetch` has its own copy of undici, which does not accept the dispatcher of another version.
  const response = await (dispatcher
    ? fetchThrough(url, { headers: [...headers], signal, redirect: 'manual', dispatcher })
    : fetch(url, { headers, signal, redirect: 'manual' }));
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel();
    throw new KeysUnavailableError(`status ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) throw new KeysUnavailableError('too large');
    chunks.push(chunk);
  }
  const text = decodeUtf8(Buffer.concat(chunks));
  if (text === null) throw new KeysUnavailableError('not UTF-8');
  return new Response(text);
}

/** A short reason for the log, without the URL and without text of the response. */
function toFailureReason(error: unknown): string {
  if (error instanceof KeysUnavailableError) return error.reason;
  if (error instanceof errors.JWKSTimeout) return 'timeout';
  if (error instanceof errors.JOSEError) return 'no key set';
  const cause = typeof error === 'object' && error !== null && 'cause' in error ? error.cause : null;
  return errorCode(error) ?? errorCode(cause) ?? 'unreachable';
}
