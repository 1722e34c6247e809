/**
 * HTTP exchanges with the AIML API over a pool of keep-alive connections. Requests for event streams have a pool of their
 * own, so that streams never take the connections of other calls.
 *
 * Owns the sockets, and the permits for large bodies that all exchanges share. Never retries and never follows a redirect.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool, type Dispatcher } from 'undici';
import { createProxyAgent, type ProxySettings } from '../runtime/proxy.ts';
import { Semaphore } from '../runtime/semaphore.ts';
import { METHODS, type RequestParts, type UpstreamContext } from './call.ts';
import type { HttpResult } from './exchange.ts';
import { AbandonedRequestError, ResponseHandler } from './response-handler.ts';

const LARGE_BODIES_AT_ONCE = 2;
/**
 * How long an idle connection stays open, in milliseconds, without a Keep-Alive header of upstream. Less than the usual
 * minute of load balancers: a create on a connection that they just closed cannot be retried.
 */
const KEEP_ALIVE_TIMEOUT_MS = 30_000;
const STREAM_IDLE_TIMEOUT_MS = 60_000;
/** The polling interval of `close`, in milliseconds. */
const CHECK_INTERVAL_MS = 10;

export interface TransportOptions {
  /** Its path, without a trailing slash, is the prefix of every path. */
  readonly baseUrl: URL;
  readonly connections: number;
  /** The time-out of an attempt, and for opening a connection, in milliseconds. */
  readonly attemptTimeoutMs: number;
  /** Whether there is more than one subject. If so, none of them can take all connections or all shared memory. */
  readonly isMultiTenant?: boolean;
  /** The idle time-out of streams, in milliseconds; by default a minute. */
  readonly streamIdleTimeoutMs?: number | undefined;
  /** Null or absent if upstream is called directly. */
  readonly proxies?: ProxySettings | null;
}

export class Transport {
  readonly #dispatcher: Dispatcher;
  readonly #streamDispatcher: Dispatcher;
  readonly #streamIdleTimeoutMs: number;
  readonly #origin: string;
  readonly #prefix: string;
  readonly #largeBodies: Semaphore;
  readonly #writes = new Set<ResponseHandler>();
  #inFlight = 0;

  constructor({
    baseUrl,
    connections,
    attemptTimeoutMs,
    isMultiTenant = false,
    streamIdleTimeoutMs = STREAM_IDLE_TIMEOUT_MS,
    proxies = null,
  }: TransportOptions) {
    this.#largeBodies = new Semaphore(LARGE_BODIES_AT_ONCE, isMultiTenant);
    this.#prefix = baseUrl.pathname.replace(/(?<!\/)\/+$/, '');
    this.#origin = baseUrl.origin;
    this.#streamIdleTimeoutMs = streamIdleTimeoutMs;
    const options = {
      pipelining: 1,
      connect: { timeout: attemptTimeoutMs },
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      // The time-out of the exchange covers both.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    const createDispatcher = (of: Pool.Options): Dispatcher =>
      proxies ? createProxyAgent(proxies, of) : new Pool(baseUrl.origin, of);
    this.#dispatcher = createDispatcher({ ...options, connections });
    // The number of streams is limited by `MAX_STREAMS`.
    this.#streamDispatcher = createDispatcher(options);
  }

  /**
   * Opens a connection ahead of the first request, which then does not wait for DNS, TCP and TLS. Nothing is sent on it.
   * Resolves when it is open or failed to open. The first request reports the failure.
   */
  preconnect(): Promise<void> {
    return new Promise((resolve) => {
      this.#dispatcher.dispatch(
        { origin: this.#origin, method: 'GET', path: '/' },
        {
          onRequestStart: () => {
            throw new AbandonedRequestError();
          },
          onResponseError: () => resolve(),
        },
      );
    });
  }

  /** `headers` are alternating names and values. Never rejects. */
  send(call: RequestParts, context: UpstreamContext, headers: string[], timeoutMs: number): Promise<HttpResult> {
    if (context.cancel.isCancelled) return Promise.resolve({ status: null, failure: 'ABORTED', sent: false });
    this.#inFlight += 1;
    return new Promise((resolve) => {
      const handler = new ResponseHandler(call, context, timeoutMs, {
        largeBodies: this.#largeBodies,
        streamIdleTimeoutMs: this.#streamIdleTimeoutMs,
        onEnd: (result) => {
          this.#inFlight -= 1;
          this.#writes.delete(handler);
          resolve(result);
        },
      });
      if (call.rule !== 'get') this.#writes.add(handler);
      const dispatcher = call.receiver ? this.#streamDispatcher : this.#dispatcher;
      const { rule, path, body = null } = call;
      dispatcher.dispatch(
        { origin: this.#origin, method: METHODS[rule], path: this.#prefix + path, headers, body },
        handler,
      );
    });
  }

  /** Ends all writes, which the cancellation of their operations does not once they are sent. */
  cancelWrites(): void {
    for (const handler of this.#writes) handler.cancel();
  }

  /** Waits for the exchanges in flight, at most `timeoutMs`, then ends all streams and closes all connections. */
  async close(timeoutMs = 0): Promise<void> {
    const closesAt = performance.now() + timeoutMs;
    while (this.#inFlight > 0 && performance.now() < closesAt) await sleep(CHECK_INTERVAL_MS);
    await Promise.all([this.#dispatcher.destroy(), this.#streamDispatcher.destroy()]);
  }
}
