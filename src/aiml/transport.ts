/**
 * One HTTP exchange with the AIML API over a pool of kept-alive connections. Exchanges that may be responded to with a
 * stream have a pool of their own, so that streams never take the connections of other calls.
 *
 * It owns the sockets, the time-out of an attempt, the limits on what upstream may send, and the one fact that the
 * retry rules rest on: whether a request can have reached upstream. It knows nothing of assistants, never retries, and
 * never follows a redirect.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool, type Dispatcher } from 'undici';
import { errorCode } from '../runtime/error-code.ts';
import { toContentCoding, type ContentCoding } from '../runtime/content-coding.ts';
import { createProxyAgent, type ProxySettings } from '../runtime/proxy.ts';
import type { Release } from '../runtime/semaphore.ts';
import { toConnectCause } from './failure-cause.ts';
import { headerOf, type HttpResponse, type HttpResult, type FailureKind } from './exchange.ts';
import { FairSemaphore } from './fair-semaphore.ts';
import { CancellationToken } from '../runtime/cancellation.ts';
import { rejectIfTooLargeToParse, decode, MAX_BODY_BYTES, SMALL_BODY_BYTES, withoutBody } from './response-body.ts';
import { StreamBody, type StreamReceiver } from './stream-body.ts';

const LARGE_BODIES_AT_ONCE = 2;
/**
 * How long an idle connection is kept, in milliseconds, where upstream's Keep-Alive header does not say: less than the
 * minute after which load balancers close theirs, as a create that meets such an end cannot be sent again.
 */
const KEEP_ALIVE_TIMEOUT_MS = 30_000;
const STREAM_IDLE_TIMEOUT_MS = 60_000;
/** How often it is looked whether the exchanges in flight have ended, in milliseconds. */
const CHECK_INTERVAL_MS = 10;

interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Appended to the path of the base URL; starts with a slash and holds checked values only. */
  readonly path: string;
  /** Alternating names and values. */
  readonly headers: readonly string[];
  readonly body: string | null;
  /** Who gets a share of the memory for large bodies. */
  readonly subject: string;
  /** The longest the exchange may take, in milliseconds, the wait for a connection included. */
  readonly timeoutMs: number;
  /** Ends the exchange early. */
  readonly cancellation: CancellationToken;
  /** Whether `hangUp` is ignored once the request is on its way: what may change something is left to finish. */
  readonly isWrite: boolean;
  /** How many bytes the operation may still hold, shared by its exchanges: what arrives is taken from it. */
  readonly budget: { bytes: number } | null;
  /** Gets the response where it is a stream of events; it is then read on after the exchange. Null where none is asked for. */
  readonly receiver?: StreamReceiver | null;
}

interface TransportOptions {
  /** The base URL; its path, with or without a trailing slash, is put before every request's path. */
  readonly baseUrl: URL;
  readonly connections: number;
  /** The longest a connection may take to open, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Whether requests may be those of different subjects. Then none of them may take all of what is shared. */
  readonly isMultiTenant?: boolean;
  /** How long a stream may bring nothing, in milliseconds; a minute where it is left out. */
  readonly streamIdleTimeoutMs?: number | undefined;
  /** Null or absent where upstream is called directly. */
  readonly proxies?: ProxySettings | null;
}

export class Transport {
  readonly #dispatcher: Dispatcher;
  readonly #streamDispatcher: Dispatcher;
  readonly #streamIdleTimeoutMs: number;
  readonly #origin: string;
  readonly #prefix: string;
  readonly #largeBodies: FairSemaphore;
  #inFlight = 0;

  constructor({
    baseUrl,
    connections,
    connectTimeoutMs,
    isMultiTenant = false,
    streamIdleTimeoutMs = STREAM_IDLE_TIMEOUT_MS,
    proxies = null,
  }: TransportOptions) {
    this.#largeBodies = new FairSemaphore(LARGE_BODIES_AT_ONCE, isMultiTenant);
    this.#prefix = baseUrl.pathname.replace(/(?<!\/)\/+$/, '');
    this.#origin = baseUrl.origin;
    this.#streamIdleTimeoutMs = streamIdleTimeoutMs;
    const options = {
      pipelining: 1,
      connect: { timeout: connectTimeoutMs },
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      // The time-out of the exchange covers both.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    const createDispatcher = (of: Pool.Options): Dispatcher =>
      proxies ? createProxyAgent(proxies, of) : new Pool(baseUrl.origin, of);
    this.#dispatcher = createDispatcher({ ...options, connections });
    // What opens streams bounds how many there are.
    this.#streamDispatcher = createDispatcher(options);
  }

  /**
   * Opens a connection ahead of the first request, which then need not wait for DNS, TCP and TLS. Nothing is sent on it.
   * Resolves when it is open or cannot be opened, which is left to the first request to report.
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

  /** Never rejects. */
  send(request: HttpRequest): Promise<HttpResult> {
    this.#inFlight += 1;
    const handler = new ResponseHandler(request, {
      largeBodies: this.#largeBodies,
      streamIdleTimeoutMs: this.#streamIdleTimeoutMs,
      onEnd: () => (this.#inFlight -= 1),
    });
    const dispatcher = request.receiver ? this.#streamDispatcher : this.#dispatcher;
    dispatcher.dispatch(
      {
        origin: this.#origin,
        method: request.method,
        path: this.#prefix + request.path,
        headers: request.headers as string[],
        body: request.body,
      },
      handler,
    );
    return handler.ended;
  }

  /** Waits for the exchanges in flight, at most `timeoutMs`, then ends all streams and closes all connections. */
  async close(timeoutMs = 0): Promise<void> {
    const closesAt = performance.now() + timeoutMs;
    while (this.#inFlight > 0 && performance.now() < closesAt) await sleep(CHECK_INTERVAL_MS);
    await Promise.all([this.#dispatcher.destroy(), this.#streamDispatcher.destroy()]);
  }
}

/** Thrown into undici to keep a request that nobody waits for any more from being sent. */
class AbandonedRequestError extends Error {}

interface ExchangeHandlerOptions {
  readonly largeBodies: FairSemaphore;
  readonly streamIdleTimeoutMs: number;
  /** Called once, when the exchange has ended; its stream may go on. */
  readonly onEnd: () => void;
}

class ResponseHandler implements Dispatcher.DispatchHandler {
  readonly ended: Promise<HttpResult>;
  readonly #subject: string;
  readonly #timeoutMs: number;
  readonly #largeBodies: FairSemaphore;
  /** Happens when the exchange has ended; made where something has to be waited for. */
  #whenEnded: CancellationToken | null = null;
  readonly #cancellation: CancellationToken;
  readonly #budget: { bytes: number } | null;
  readonly #receiver: StreamReceiver | null;
  readonly #streamIdleTimeoutMs: number;
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort: () => void;
  readonly #onEnd: () => void;
  #stream: StreamBody | null = null;
  #resolve: (result: HttpResult) => void = () => undefined;
  #controller: Dispatcher.DispatchController | null = null;
  #isEnded = false;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** How much of the budget it holds, in bytes. */
  #reserved = 0;
  #isLarge = false;
  #releaseLarge: Release | null = null;

  constructor(
    { subject, timeoutMs, cancellation, isWrite, budget, receiver = null }: HttpRequest,
    { largeBodies, streamIdleTimeoutMs, onEnd }: ExchangeHandlerOptions,
  ) {
    this.#subject = subject;
    this.#timeoutMs = timeoutMs;
    this.#onEnd = onEnd;
    this.#receiver = receiver;
    this.#streamIdleTimeoutMs = streamIdleTimeoutMs;
    this.ended = new Promise((resolve) => (this.#resolve = resolve));
    this.#largeBodies = largeBodies;
    this.#cancellation = cancellation;
    this.#budget = budget;
    this.#timer = setTimeout(() => this.#abort('TIMEOUT'), timeoutMs);
    this.#onAbort = () => {
      if (!isWrite || !this.#controller) this.#abort('ABORTED');
    };
    if (cancellation.isCancelled) this.#abort('ABORTED');
    else cancellation.onCancel(this.#onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // A second start would be undici sending the request again: that decision is not its to take.
    if (this.#isEnded || this.#controller) throw new AbandonedRequestError();
    this.#controller = controller;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    if (!this.#receiver || status > 299 || !isEventStream(headers)) return;
    const response: HttpResponse = { status, headers, body: Buffer.alloc(0), isCloseDelimited: false };
    this.#stream = new StreamBody({
      receiver: this.#receiver,
      coding: toContentCoding(headerOf(response, 'content-encoding')),
      idleTimeoutMs: this.#streamIdleTimeoutMs,
      onBody: (body) => this.#end({ ...response, body }),
      onEnd: () => {
        this.#end({ status: null, failure: 'TRUNCATED', sent: true });
        controller.abort(new AbandonedRequestError());
      },
    });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#stream) {
      this.#stream.push(chunk);
      return;
    }
    this.#bytes += chunk.length;
    if (!this.#reserve(chunk.length)) {
      this.#abort('OVER_BUDGET');
      return;
    }
    if (this.#bytes > MAX_BODY_BYTES) {
      this.#abort('TOO_LARGE');
      return;
    }
    this.#chunks.push(chunk);
    if (this.#bytes <= SMALL_BODY_BYTES || this.#isLarge) return;
    this.#isLarge = true;
    if (!isPersistent(this.#headers)) {
      this.#releaseLarge = this.#largeBodies.tryAcquire(this.#subject);
      if (!this.#releaseLarge) this.#abort('TOO_MANY_LARGE_RESPONSES');
      return;
    }
    controller.pause();
    void this.#acquireLarge().then((release) => {
      if (!release) return;
      this.#releaseLarge = release;
      controller.resume();
    });
  }

  /** Null where the exchange has ended before. */
  async #acquireLarge(): Promise<Release | null> {
    this.#whenEnded ??= new CancellationToken();
    const release =
      this.#largeBodies.tryAcquire(this.#subject) ??
      (await this.#largeBodies.acquire(this.#subject, this.#timeoutMs, this.#whenEnded));
    if (!this.#isEnded) return release;
    release?.();
    return null;
  }

  onResponseEnd(): void {
    if (this.#stream) {
      this.#stream.end();
      return;
    }
    const [only] = this.#chunks;
    const body = this.#chunks.length === 1 && only ? only : Buffer.concat(this.#chunks, this.#bytes);
    this.#chunks = [];
    const isCloseDelimited =
      this.#status !== 204 &&
      this.#headers['content-length'] === undefined &&
      this.#headers['transfer-encoding'] === undefined;
    const response: HttpResponse = { status: this.#status, headers: this.#headers, body, isCloseDelimited };
    const coding = toContentCoding(headerOf(response, 'content-encoding'));
    if (coding === 'identity' || body.length === 0) this.#end(rejectIfTooLargeToParse(response));
    else if (coding === null) this.#end(withoutBody(response));
    else void this.#decode(response, coding);
  }

  /** The time-out goes on meanwhile, as decompression may have to wait for its turn. */
  async #decode(response: HttpResponse, coding: Exclude<ContentCoding, 'identity'>): Promise<void> {
    const release = this.#releaseLarge;
    this.#releaseLarge = null;
    const result = await decode(response, coding, release, () => this.#acquireLarge());
    if (result === null) return;
    const bytes = result.status === null ? 0 : result.body.length;
    if (this.#reserve(bytes - this.#reserved)) this.#end(result);
    else this.#abort('OVER_BUDGET');
  }

  /** Takes from the operation's budget; false where it holds too little. */
  #reserve(bytes: number): boolean {
    if (this.#isEnded || !this.#budget) return true;
    if (bytes > this.#budget.bytes) return false;
    this.#budget.bytes -= bytes;
    this.#reserved += bytes;
    return true;
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#stream) {
      this.#stream.end();
      return;
    }
    if (error instanceof AbandonedRequestError && !this.#isEnded) {
      this.#end({ status: null, failure: 'RESET', sent: true });
      return;
    }
    const sent = this.#controller !== null;
    if (!sent) {
      const connectCause = toConnectCause(error);
      this.#end({ status: null, failure: isTimeout(error) ? 'TIMEOUT' : 'UNREACHABLE', sent, connectCause });
    } else if (this.#status !== 0) this.#end({ status: null, failure: 'TRUNCATED', sent });
    else this.#end({ status: null, failure: isNotHttp(error) ? 'NOT_HTTP' : 'RESET', sent });
  }

  /** Stops waiting. What is on a connection is cut off; what still waits for one is never sent. */
  #abort(failure: FailureKind): void {
    const controller = this.#controller;
    this.#end({ status: null, failure, sent: controller !== null });
    this.#stream?.end();
    controller?.abort(new AbandonedRequestError());
  }

  #end(result: HttpResult): void {
    if (this.#isEnded) return;
    // Of the budget, the body alone stays taken.
    this.#reserve((result.status === null ? 0 : result.body.length) - this.#reserved);
    this.#isEnded = true;
    clearTimeout(this.#timer);
    this.#cancellation.offCancel(this.#onAbort);
    this.#chunks = [];
    this.#releaseLarge?.();
    this.#whenEnded?.cancel();
    this.#onEnd();
    this.#resolve(result);
  }
}

/**
 * Whether an answer says of itself that its connection stays open, which is what makes it safe to pause: undici 7 throws
 * out of reach, and so ends the process, when a connection that is to be closed ends while paused (nodejs/undici#5360).
 */
const isPersistent = (headers: IncomingHttpHeaders): boolean =>
  headers.connection?.toLowerCase() === 'keep-alive' &&
  (headers['transfer-encoding'] === undefined
    ? headers['content-length'] !== undefined
    : headers['transfer-encoding'] === 'chunked');

const isEventStream = (headers: IncomingHttpHeaders): boolean =>
  /^text\/event-stream\s*(?:;|$)/i.test(headers['content-type'] ?? '');

const isTimeout = (error: Error): boolean => errorCode(error) === 'UND_ERR_CONNECT_TIMEOUT';

/** Whether what came was no HTTP/1.1 that this client takes: not parsable, headers too large, 100 or 101 unasked for. */
const isNotHttp = (error: Error): boolean =>
  error.name === 'HTTPParserError' ||
  ['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'].includes(errorCode(error) ?? '') ||
  /^bad (?:response|upgrade)$/.test(error.message);
