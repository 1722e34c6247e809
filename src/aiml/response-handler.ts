/**
 * Receives the response of one HTTP exchange from undici: the time-out, the size limits, the permits for large bodies, and
 * the fact that the retry rules depend on: whether the request may have reached upstream.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { errorCode } from '../runtime/error-code.ts';
import { toContentCoding, type ContentCoding } from '../runtime/content-coding.ts';
import { afterWaitingResponses } from '../runtime/large-responses.ts';
import type { Release, Semaphore } from '../runtime/semaphore.ts';
import type { RequestParts, UpstreamContext } from './call.ts';
import { headerOf, toConnectCause, type FailureKind, type HttpResponse, type HttpResult } from './exchange.ts';
import { CancellationToken } from '../runtime/cancellation.ts';
import { decode, MAX_BODY_BYTES, SMALL_BODY_BYTES, withoutBody } from './response-body.ts';
import { StreamBody, type StreamReceiver } from './stream-body.ts';

/** Thrown into undici to abort a request that is no longer needed. */
export class AbandonedRequestError extends Error {}

interface ResponseHandlerOptions {
  readonly largeBodies: Semaphore;
  readonly streamIdleTimeoutMs: number;
  /** Called once, when the exchange has ended. Its stream may continue. */
  readonly onEnd: (result: HttpResult) => void;
}

/** The `DispatchHandler` of one exchange. */
export class ResponseHandler implements Dispatcher.DispatchHandler {
  readonly #subject: string;
  readonly #timeoutMs: number;
  readonly #options: Omit<ResponseHandlerOptions, 'onEnd'>;
  /** Cancelled when the exchange has ended. Created when something has to wait. */
  #whenEnded: CancellationToken | null = null;
  readonly #cancellation: CancellationToken;
  readonly #budget: { bytes: number } | null;
  readonly #receiver: StreamReceiver | null;
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort: () => void;
  #stream: StreamBody | null = null;
  /** Null after the end, so that a stream that continues does not retain the result. */
  #onEnd: ((result: HttpResult) => void) | null;
  #controller: Dispatcher.DispatchController | null = null;
  #isEnded = false;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** The bytes of the budget that this exchange holds. */
  #reserved = 0;
  #isLarge = false;
  /** Whether this service reads no more of the body for now, because it has many large ones. */
  #isHeldBack = false;
  #releaseLarge: Release | null = null;

  /**
   * `timeoutMs` includes the wait for a connection. The operation is not cancelled yet. Once a write is sent, the cancellation
   * of its operation is ignored.
   */
  constructor(
    { rule, receiver }: RequestParts,
    { subject, cancel, responseBytesLeft }: UpstreamContext,
    timeoutMs: number,
    options: ResponseHandlerOptions,
  ) {
    const isRead = rule === 'get';
    this.#subject = subject;
    this.#timeoutMs = timeoutMs;
    this.#receiver = receiver ?? null;
    this.#onEnd = options.onEnd;
    this.#options = { largeBodies: options.largeBodies, streamIdleTimeoutMs: options.streamIdleTimeoutMs };
    this.#cancellation = cancel;
    this.#budget = isRead ? (responseBytesLeft ?? null) : null;
    this.#timer = setTimeout(() => this.#abort(this.#isHeldBack ? 'HELD_BACK' : 'TIMEOUT'), timeoutMs);
    this.#onAbort = () => {
      if (isRead || !this.#controller) this.#abort('ABORTED');
    };
    cancel.onCancel(this.#onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // A second start would be a retry by undici, which ignores the retry table.
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
      idleTimeoutMs: this.#options.streamIdleTimeoutMs,
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
      this.#releaseLarge = this.#options.largeBodies.tryAcquire(1, this.#subject);
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

  /** Null if the exchange ended first. */
  async #acquireLarge(): Promise<Release | null> {
    this.#whenEnded ??= new CancellationToken();
    this.#isHeldBack = true;
    const wait = { tenant: this.#subject, maxWaitMs: this.#timeoutMs, cancellation: this.#whenEnded };
    const release = await this.#options.largeBodies.acquire(1, wait);
    if (release) await afterWaitingResponses(wait);
    this.#isHeldBack = false;
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
    if (coding === 'identity' || body.length === 0) this.#end(response);
    else if (coding === null) this.#end(withoutBody(response));
    else void this.#decode(response, coding);
  }

  /** The time-out continues, because decompression may have to wait for a permit. */
  async #decode(response: HttpResponse, coding: Exclude<ContentCoding, 'identity'>): Promise<void> {
    const release = this.#releaseLarge;
    this.#releaseLarge = null;
    const result = await decode(response, coding, release, () => this.#acquireLarge());
    if (result === null) return;
    const bytes = result.status === null ? 0 : result.body.length;
    if (this.#reserve(bytes - this.#reserved)) this.#end(result);
    else this.#abort('OVER_BUDGET');
  }

  /** Takes bytes from the operation's budget. False if too few are left. */
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
    } else if (isWithoutBody(this.#status) && errorCode(error) === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH')
      this.onResponseEnd();
    else if (this.#status !== 0) this.#end({ status: null, failure: 'TRUNCATED', sent });
    else this.#end({ status: null, failure: isNotHttp(error) ? 'NOT_HTTP' : 'RESET', sent });
  }

  /** Ends the exchange, even of a write that was sent. */
  cancel(): void {
    this.#abort('ABORTED');
  }

  /** Ends the exchange. A request that still waits for a connection is never sent. */
  #abort(failure: FailureKind): void {
    const controller = this.#controller;
    this.#end({ status: null, failure, sent: controller !== null });
    this.#stream?.end();
    controller?.abort(new AbandonedRequestError());
  }

  #end(result: HttpResult): void {
    if (this.#isEnded) return;
    // Only the final body remains subtracted from the budget.
    this.#reserve((result.status === null ? 0 : result.body.length) - this.#reserved);
    this.#isEnded = true;
    clearTimeout(this.#timer);
    this.#cancellation.offCancel(this.#onAbort);
    this.#chunks = [];
    this.#releaseLarge?.();
    this.#whenEnded?.cancel();
    const onEnd = this.#onEnd;
    this.#onEnd = null;
    onEnd?.(result);
  }
}

/**
 * Whether the connection stays open after the response, so that it is safe to pause. undici 7 throws an uncatchable error,
 * which ends the process, if a connection that is to be closed ends while it is paused (nodejs/undici#5360).
 */
const isPersistent = (headers: IncomingHttpHeaders): boolean =>
  headers.connection?.toLowerCase() === 'keep-alive' &&
  (headers['transfer-encoding'] === undefined
    ? headers['content-length'] !== undefined
    : headers['transfer-encoding'] === 'chunked');

const isEventStream = (headers: IncomingHttpHeaders): boolean =>
  /^text\/event-stream\s*(?:;|$)/i.test(headers['content-type'] ?? '');

/** A 304 may have the Content-Length of the body that it omits (RFC 9110, 8.6), which undici expects to arrive. */
const isWithoutBody = (status: number): boolean => status === 204 || status === 304;

const isTimeout = (error: Error): boolean => errorCode(error) === 'UND_ERR_CONNECT_TIMEOUT';

/** Whether the response is not valid HTTP/1.1: unparsable, headers too large, or an unrequested 100 or 101. */
const isNotHttp = (error: Error): boolean =>
  error.name === 'HTTPParserError' ||
  ['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'].includes(errorCode(error) ?? '') ||
  /^bad (?:response|upgrade)$/.test(error.message);
