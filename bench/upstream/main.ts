/**
 * The bench's upstream: the part of the AIML API that the workloads need, from prepared bytes over plain sockets, so that
 * it is never the limit. It counts the requests, and delays each response if `delayMs` is set.
 *
 *   GET  /bench/counters            the requests since the last reset
 *   POST /bench/reset?delayMs=50    resets the counters; responses take this many milliseconds from now on
 */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { MessageReader } from '../message-reader.ts';
import { announce } from '../peers/announce.ts';
import { createdResponse, jsonResponse, oneResponse, pageResponse } from './responses.ts';
import { idOf, numberOf, PAGE_SIZE } from './assistants.ts';

/** Created assistants are numbered from here, so that no workload reads them. */
const FIRST_CREATED = 500_000_000_000;

const NOT_FOUND = jsonResponse('404 Not Found', { message: 'Not found', statusCode: 404 });
const BAD_REQUEST = jsonResponse('400 Bad Request', { message: 'Body validation error', statusCode: 400 });
const UNAUTHORIZED = jsonResponse('401 Unauthorized', { message: 'Unauthorized', statusCode: 401 });

const REQUEST_LINE = /^(GET|POST) (\S+) HTTP\/1\.1/;
const COLLECTION = '/assistants';
const ONE = '/assistants/';
const AUTHORIZED = /\r\nauthorization: bearer \S/i;
const CLOSE = /\r\nconnection: close(?:\r\n|$)/i;

const counts = { get: 0, list: 0, create: 0 };
let created = FIRST_CREATED;
let delayMs = 0;

function responseTo(method: string, target: string, body: Buffer): Buffer {
  if (method === 'GET' && target.startsWith(ONE)) {
    counts.get += 1;
    const n = numberOf(target.slice(ONE.length));
    return n >= 0 ? oneResponse(n) : NOT_FOUND;
  }
  if (method === 'GET' && (target === COLLECTION || target.startsWith(`${COLLECTION}?`))) {
    counts.list += 1;
    const after = /[?&]after=([^&]+)/.exec(target)?.[1];
    const limit = Number(/[?&]limit=(\d+)/.exec(target)?.[1] ?? PAGE_SIZE);
    const n = after === undefined ? 0 : numberOf(after);
    return n >= 0 ? pageResponse(n, limit) : BAD_REQUEST;
  }
  if (method === 'POST' && target === COLLECTION) {
    counts.create += 1;
    if (body.length <= '{}'.length) return BAD_REQUEST;
    created += 1;
    return createdResponse(created, body);
  }
  return NOT_FOUND;
}

function control(target: string): Buffer {
  if (target.startsWith('/bench/reset')) {
    Object.assign(counts, { get: 0, list: 0, create: 0 });
    delayMs = Number(new URL(target, 'http://upstream').searchParams.get('delayMs') ?? 0);
  }
  return jsonResponse('200 OK', {
    ...counts,
    total: counts.get + counts.list + counts.create,
    lastCreated: idOf(created),
  });
}

function serve(socket: Socket): void {
  const write = (response: Buffer, isLast: boolean) => {
    socket.write(response);
    if (isLast) socket.end();
  };
  const reader = new MessageReader((head, body) => {
    const [, method = '', target = ''] = REQUEST_LINE.exec(head) ?? [];
    const isLast = CLOSE.test(head);
    if (target.startsWith('/bench/')) write(control(target), isLast);
    else if (!AUTHORIZED.test(head)) write(UNAUTHORIZED, isLast);
    else if (delayMs > 0) setTimeout(write, delayMs, responseTo(method, target, body), isLast);
    else write(responseTo(method, target, body), isLast);
  });
  socket.on('data', (chunk: Buffer) => reader.push(chunk));
  socket.on('error', () => socket.destroy());
}

const server = createServer({ noDelay: true }, serve);
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  announce(`http://127.0.0.1:${port}`);
});
