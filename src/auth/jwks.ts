/**
 * The identity provider's public keys: when they are fetched, how much of an answer is read, and for how long they are
 * believed. Which of them a token needs is left to jose, and what becomes of the token to `jwt.ts`.
 */
import { createRemoteJWKSet, customFetch, errors, type FetchImplementation, type JWTVerifyGetKey } from 'jose';
import { fetch as fetchThrough, type Dispatcher } from 'undici';
import { createProxyAgent, type ProxySettings } from '../runtime/proxy.ts';
import { errorCode } from '../runtime/error-code.ts';
import { decodeUtf8 } from '../runtime/utf8.ts';
import { TokenBucket } from '../runtime/token-bucket.ts';

/** Keys older than this are fetched anew while requests go on with the ones at hand, in milliseconds. */
const REFRESH_AFTER_MS = 5 * 60_000;
/** Keys older than this are not used any more: a key that was withdrawn is not believed for longer. */
const EXPIRE_AFTER_MS = 15 * 60_000;
/** The longest key set that is read, after decompression. */
const MAX_BYTES = 256 * 1024;

/** There are no keys that may be used. It has no cause, because causes name the URL. */
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
  /** The longest that one fetch may take, its body included. */
  readonly timeoutMs: number;
  /** Null or absent if the identity provider is called directly. */
  readonly proxies?: ProxySettings | null;
  /** Called when a fetch fails. */
  readonly onKeysUnavailable?: ((reason: string) => void) | undefined;
}

export class JwksCache {
  readonly #jwks: ReturnType<typeof createRemoteJWKSet>;
  readonly #budget = new TokenBucket();
  readonly #onKeysUnavailable: (reason: string) => void;
  #fetchedAt = -Infinity;

  /** Fetches nothing yet. */
  constructor(url: URL, { timeoutMs, proxies = null, onKeysUnavailable = () => undefined }: JwksOptions) {
    this.#onKeysUnavailable = onKeysUnavailable;
    const dispatcher = proxies && createProxyAgent(proxies);
    this.#jwks = createRemoteJWKSet(url, {
      timeoutDuration: timeoutMs,
      // It fetches when it is told to and never by itself.
      cacheMaxAge: Infinity,
      cooldownDuration: Infinity,
      [customFetch]: (keysUrl, options) => fetchBounded(keysUrl, options, dispatcher),
    });
  }

  /** The key that a token names. Rejects with {@link KeysUnavailableError}, or with jose's error about the token. */
  readonly getKey: JWTVerifyGetKey = async (header, token) => {
    const now = performance.now();
    const ageMs = now - this.#fetchedAt;
    if (ageMs >= EXPIRE_AFTER_MS) {
      if (!(await this.refresh(now))) throw new KeysUnavailableError('fetched too often');
    } else if (ageMs >= REFRESH_AFTER_MS) {
      this.refresh(now).catch(() => undefined);
    }
    return this.#jwks(header, token);
  };

  /**
   * Fetches the keys anew unless they came in after `since` (as of `performance.now()`); one fetch serves all who wait
   * for it. Resolves to false where they were fetched too often lately; rejects with {@link KeysUnavailableError} where
   * they cannot be had.
   */
  async refresh(since: number): Promise<boolean> {
    if (this.#fetchedAt > since) return true;
    if (!this.#jwks.reloading && !this.#budget.take()) return false;
    try {
      await this.#jwks.reload();
    } catch (error) {
      const reason = toFailureReason(error);
      this.#onKeysUnavailable(reason);
      throw new KeysUnavailableError(reason);
    }
    this.#fetchedAt = performance.now();
    return true;
  }
}

type FetchOptions = Parameters<FetchImplementation>[1];

async function fetchBounded(
  url: string,
  { headers, signal }: FetchOptions,
  dispatcher: Dispatcher | null,
): Promise<Response> {
  // Node's own `fetch` has an undici of its own, which another version's dispatcher does not fit.
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

/** Node's words for what failed; nothing of the URL, and nothing of the response. */
function toFailureReason(error: unknown): string {
  if (error instanceof KeysUnavailableError) return error.reason;
  if (error instanceof errors.JWKSTimeout) return 'timeout';
  if (error instanceof errors.JOSEError) return 'no key set';
  const cause = typeof error === 'object' && error !== null && 'cause' in error ? error.cause : null;
  return errorCode(error) ?? errorCode(cause) ?? 'unreachable';
}
