/**
 * The lower bound: a plain proxy on node:http and an undici pool that forwards bytes and does not parse GraphQL.
 *
 * It gets the GraphQL workloads as REST requests: the same reads and creates, five reads at once (`/many?ids=`) for W3,
 * and a constant response for W4.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import { announce } from './announce.ts';
import { UPSTREAM_CONNECTIONS, upstreamHeaders, upstreamUrl } from './settings.ts';

const MANY = '/many?ids=';
const TYPENAME = Buffer.from('{"data":{"__typename":"Query"}}');

const pool = new Pool(upstreamUrl(), { connections: UPSTREAM_CONNECTIONS });
const readHeaders = upstreamHeaders();
const writeHeaders = { ...readHeaders, 'content-type': 'application/json' };

async function read(path: string): Promise<{ status: number; bytes: Uint8Array }> {
  const { statusCode, body } = await pool.request({ method: 'GET', path, headers: readHeaders });
  return { status: statusCode, bytes: await body.bytes() };
}

async function create(request: IncomingMessage): Promise<{ status: number; bytes: Uint8Array }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { statusCode, body } = await pool.request({
    method: 'POST',
    path: '/assistants',
    headers: writeHeaders,
    body: Buffer.concat(chunks),
  });
  return { status: statusCode, bytes: await body.bytes() };
}

async function readMany(ids: readonly string[]): Promise<{ status: number; bytes: Uint8Array }> {
  const responses = await Promise.all(ids.map((id) => read(`/assistants/${id}`)));
  const parts = responses.flatMap(({ bytes }, index) => [Buffer.from(index === 0 ? '[' : ','), bytes]);
  return {
    status: Math.max(...responses.map(({ status }) => status)),
    bytes: Buffer.concat([...parts, Buffer.from(']')]),
  };
}

function responseTo(request: IncomingMessage): Promise<{ status: number; bytes: Uint8Array }> {
  const { method, url = '/' } = request;
  if (method === 'POST') return create(request);
  if (url === '/typename') return Promise.resolve({ status: 200, bytes: TYPENAME });
  return url.startsWith(MANY) ? readMany(url.slice(MANY.length).split(',')) : read(url);
}

function serve(request: IncomingMessage, response: ServerResponse): void {
  responseTo(request).then(
    ({ status, bytes }) => {
      response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.byteLength });
      response.end(bytes);
    },
    () => response.writeHead(502, { 'content-length': 0 }).end(),
  );
}

const server = createServer(serve);
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  announce(`http://127.0.0.1:${port}`);
});
