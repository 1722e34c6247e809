/**
 * Sends a stream of results as server-sent events (graphql-sse's distinct connections mode) or as a multipart body (Apollo's
 * subscriptionSpec=1.0). A result is requested when the previous one has reached the operating system, so at most one is
 * buffered for a slow client.
 */
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { OperationStream } from '../graphql/server/operation-stream.ts';
import type { HttpExchange } from '../runtime/connection.ts';
import type { StreamType } from './content-negotiation.ts';

/** Proxies close a connection that is idle for 30 to 60 seconds. In milliseconds. */
const HEARTBEAT_MS = 12_000;

interface Framing {
  readonly contentType: string;
  readonly open: string;
  /** What stands before the JSON of a result, and behind it. */
  readonly next: readonly [string, string];
  readonly heartbeat: string;
  readonly complete: string;
}

const framings: Readonly<Record<StreamType, Framing>> = {
  sse: {
    contentType: 'text/event-stream; charset=utf-8',
    open: ':\n\n',
    next: ['event: next\ndata: ', '\n\n'],
    heartbeat: ':\n\n',
    // EventSource ignores events without data.
    complete: 'event: complete\ndata: \n\n',
  },
  multipart: {
    contentType: 'multipart/mixed; boundary="graphql"; subscriptionSpec=1.0',
    open: '\r\n--graphql',
    next: ['\r\ncontent-type: application/json\r\n\r\n{"payload":', '}\r\n--graphql'],
    heartbeat: '\r\ncontent-type: application/json\r\n\r\n{}\r\n--graphql',
    complete: '--\r\n',
  },
};

interface StreamResponseOptions {
  readonly type: StreamType;
  readonly exchange: HttpExchange;
  /** Whether the service is shutting down. */
  readonly isStopping: () => boolean;
  /** The interval of heartbeats, in milliseconds; 12 s by default. */
  readonly heartbeatMs?: number | undefined;
}

/** Resolves when the stream has ended. Never rejects. */
export async function sendStream(
  reply: FastifyReply,
  stream: OperationStream,
  { type, exchange, isStopping, heartbeatMs = HEARTBEAT_MS }: StreamResponseOptions,
): Promise<void> {
  const framing = framings[type];
  const response = sendHead(reply, framing);
  const writer = new Writer(response, exchange);
  exchange.onEnded(() => stream.end(isStopping() || exchange.connection.isCut ? 'cut' : 'disconnected'));
  void writer.write(framing.open);
  const timer = setInterval(() => {
    if (writer.isIdleSince(performance.now() - heartbeatMs)) void writer.write(framing.heartbeat);
  }, heartbeatMs / 4);
  try {
    for (let result = await stream.next(); result !== null; result = await stream.next())
      await writer.write(framing.next.join(JSON.stringify(result)));
  } finally {
    clearInterval(timer);
  }
  if (exchange.hasEnded) return;
  await writer.write(framing.complete);
  response.end();
}

/** Sends a single response in the form of a stream. */
export function sendOneResult(
  reply: FastifyReply,
  body: Buffer,
  { type, exchange }: Pick<StreamResponseOptions, 'type' | 'exchange'>,
): void {
  const framing = framings[type];
  const [before, after] = framing.next;
  const start = framing.open + before;
  const end = after + framing.complete;
  exchange.respond(start.length + body.length + end.length);
  const response = sendHead(reply, framing);
  // A large body is never made a text, which would take long.
  response.write(start);
  response.write(body);
  response.end(end);
}

function sendHead(reply: FastifyReply, { contentType }: Framing): ServerResponse {
  reply.hijack();
  const { raw } = reply;
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value);
  raw.writeHead(200, {
    'content-type': contentType,
    'cache-control': 'no-store, no-transform',
    // Disables buffering in nginx.
    'x-accel-buffering': 'no',
  });
  return raw;
}

class Writer {
  readonly #response: ServerResponse;
  readonly #exchange: HttpExchange;
  #unsent = 0;
  #writtenAt = performance.now();

  constructor(response: ServerResponse, exchange: HttpExchange) {
    this.#response = response;
    this.#exchange = exchange;
    exchange.beginStream();
  }

  isIdleSince(time: number): boolean {
    return this.#unsent === 0 && this.#writtenAt <= time;
  }

  /** Resolves when the text has reached the operating system, or when the connection is closed. */
  write(text: string): Promise<void> {
    if (this.#exchange.hasEnded) return Promise.resolve();
    const bytes = Buffer.from(text);
    this.#unsent += bytes.length;
    this.#writtenAt = performance.now();
    this.#exchange.progress(-bytes.length);
    return new Promise((resolve) => {
      const end = () => {
        this.#exchange.offEnded(end);
        resolve();
      };
      this.#exchange.onEnded(end);
      this.#response.write(bytes, () => {
        this.#unsent -= bytes.length;
        this.#exchange.progress(bytes.length);
        end();
      });
    });
  }
}
