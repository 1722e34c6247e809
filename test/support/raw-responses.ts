// Responses of an upstream on bare sockets: valid, broken and missing ones.
import { gzipSync } from 'node:zlib';
import type { Socket } from 'node:net';
import type { RawResponse, RawRequest } from './raw-upstream.ts';
import { wireAssistant } from './scripted-upstream.ts';

/** Part of every error body of these upstreams. It must never leave the service. */
export const UPSTREAM_CANARY = 'canary-of-upstream';
export const UPSTREAM_REQUEST_ID = 'upstream-request-1';

const MiB = 1024 * 1024;

type Headers = readonly (readonly [name: string, value: string])[];

/** A whole message with a Content-Length, as text. */
export function message(status: number | string, body: string, headers: Headers = []): string {
  const lines = [['content-type', 'application/json'], ['content-length', String(Buffer.byteLength(body))], ...headers];
  return `HTTP/1.1 ${status} X\r\n${lines.map((line) => `${line.join(': ')}\r\n`).join('')}\r\n${body}`;
}

/** Sends this text, or these bytes, and leaves the connection open. */
export const send =
  (bytes: string | Buffer): RawResponse =>
  (socket) =>
    void socket.write(bytes);

/** Sends this and ends the connection. */
export const sendAndEnd =
  (bytes: string | Buffer): RawResponse =>
  (socket) =>
    void socket.end(bytes);

/** Sends this and resets the connection after the other side could read it. */
export const sendAndReset =
  (bytes: string): RawResponse =>
  (socket) => {
    socket.write(bytes);
    setTimeout(() => socket.resetAndDestroy(), 20);
  };

/** A response with this status and an error body in upstream's form. */
export const status = (code: number, headers: Headers = []): RawResponse =>
  send(
    message(
      code,
      JSON.stringify({ message: 'No.', path: UPSTREAM_CANARY, requestId: UPSTREAM_REQUEST_ID, statusCode: code }),
      headers,
    ),
  );

/** A response with this status and this JSON body. */
export const json = (code: number, body: unknown, headers: Headers = []): RawResponse =>
  send(message(code, JSON.stringify(body), headers));

export const reset: RawResponse = (socket) => void socket.resetAndDestroy();
export const hang: RawResponse = () => undefined;

/** The response of a working upstream: the requested assistant with the values of the body. */
export function workingBody({ method, path, body }: RawRequest, fields: object = {}): unknown {
  const id = path.split('/').at(2) ?? 'asst_new';
  if (method === 'DELETE') return { id, object: 'assistant.deleted', deleted: true };
  if (method === 'GET' && path === '/assistants')
    return { object: 'list', data: [wireAssistant('asst_1')], has_more: false };
  const requested = body === '' ? {} : (JSON.parse(body) as object);
  return wireAssistant(id, { ...requested, ...fields });
}

/** A working upstream. `fields` are those of every assistant. */
export const work =
  (fields: object = {}): RawResponse =>
  (socket, request) =>
    json(200, workingBody(request, fields))(socket, request);

/** Sends a response byte by byte, one every `everyMs`; it ends only after many seconds. */
export const drip =
  (bytes: string, everyMs = 10): RawResponse =>
  (socket) => {
    let sent = 0;
    const timer = setInterval(() => socket.write(bytes.charAt(sent++ % bytes.length)), everyMs);
    socket.on('close', () => clearInterval(timer));
  };

const head = (...lines: readonly string[]): string =>
  ['HTTP/1.1 200 OK', 'content-type: application/json', ...lines, '', ''].join('\r\n');

/** The first half of a valid body. */
export const HALF_BODY = `{"id":"asst_1","object":"assistant","created_at":17000,"instructions":"${UPSTREAM_CANARY}`;
export const IN_HEADERS = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-half-a-hea`;
export const HALF_WITH_LENGTH = head('connection: keep-alive', 'content-length: 5000') + HALF_BODY;
export const HALF_WITHOUT_LENGTH = head('connection: close') + HALF_BODY;
export const HALF_CHUNKED =
  head('connection: keep-alive', 'transfer-encoding: chunked') + `${HALF_BODY.length.toString(16)}\r\n${HALF_BODY}\r\n`;

const DEEP_ASSISTANT =
  '"id":"asst_1","created_at":1,"model":"m","tools":[{"type":"new","x":' +
  `${'['.repeat(30_000)}${']'.repeat(30_000)}}]`;
/** A valid assistant or list except for a tool that is nested too deeply. */
export const DEEP_JSON = `{${DEEP_ASSISTANT},"data":[{${DEEP_ASSISTANT}}],"deleted":"yes"}`;

/** A body of 64 MB that is generated in parts, after `headers`. */
export const huge =
  (...headers: readonly string[]): RawResponse =>
  (socket) => {
    const chunk = Buffer.alloc(MiB, 0x20);
    let left = 64;
    const next = (): void => {
      for (; left > 0; left -= 1) if (!socket.write(chunk)) return void socket.once('drain', next);
    };
    socket.write(head(...headers));
    next();
  };

const encoded = (body: Buffer, encoding: string): Buffer =>
  Buffer.concat([Buffer.from(head(`content-encoding: ${encoding}`, `content-length: ${body.length}`)), body]);

/** 64 MB of JSON in a few kilobytes. */
let bomb: Buffer | undefined;
export const gzipBomb: RawResponse = (socket) => {
  bomb ??= encoded(gzipSync(Buffer.concat([Buffer.from('{"id":"'), Buffer.alloc(64 * MiB, 0x20)])), 'gzip');
  socket.write(bomb);
};
export const unknownEncoding: RawResponse = (socket, request) =>
  void socket.write(encoded(Buffer.from(JSON.stringify(workingBody(request))), 'x-made-up'));
export const truncatedGzip: RawResponse = (socket, request) => {
  const body = gzipSync(JSON.stringify(workingBody(request)));
  socket.write(encoded(body.subarray(0, body.length - 20), 'gzip'));
};
export const oversizedHeaders = send(head(`x-large: ${'x'.repeat(64 * 1024)}`, 'content-length: 2') + '{}');

/** Each response once; the last one repeats. */
export const inTurn =
  (...responses: readonly RawResponse[]): RawResponse =>
  (socket: Socket, request: RawRequest) =>
    (responses[request.index] ?? responses.at(-1))?.(socket, request);
