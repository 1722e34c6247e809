/**
 * The lower bound of the most expensive requests: a server on node:http and an undici pool that reads, parses and writes the
 * same JSON, and does nothing else. It knows the creates with variables and the pages; to other requests it responds 501.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import { announce } from '../peers/announce.ts';
import { UPSTREAM_CONNECTIONS, upstreamHeaders, upstreamUrl } from '../peers/settings.ts';

interface Received {
  readonly query: string;
  readonly variables?: { readonly p?: unknown; readonly t?: string };
}
interface Tool {
  readonly function: { readonly name: string; readonly parameters: unknown };
}
interface Created {
  readonly id: string;
  readonly tools: readonly Tool[];
}
interface Item {
  readonly id: string;
  readonly content?: readonly { readonly type: string; readonly text: { readonly value: string } }[];
  readonly tools?: readonly Tool[];
}

const pool = new Pool(upstreamUrl(), { connections: UPSTREAM_CONNECTIONS });
const headers = { ...upstreamHeaders(), 'content-type': 'application/json' };

async function call(method: 'GET' | 'POST', path: string, sent?: unknown): Promise<unknown> {
  const { body } = await pool.request({
    method,
    path,
    headers,
    body: sent === undefined ? null : JSON.stringify(sent),
  });
  return body.json();
}

async function create(parameters: unknown, isSelected: boolean): Promise<unknown> {
  const tools = [{ type: 'function', function: { name: 'f', parameters } }];
  const created = (await call('POST', '/assistants', { model: 'm', tools })) as Created;
  const selected = isSelected && { tools: created.tools.map((tool) => ({ parameters: tool.function.parameters })) };
  return { createAssistant: { assistant: { id: created.id, ...selected }, userErrors: [] } };
}

async function list(path: string): Promise<unknown> {
  const { data } = (await call('GET', path)) as { readonly data: readonly Item[] };
  return {
    nodes: data.map(({ id, content, tools }) => ({
      id,
      content: content?.map(({ type, text }) => ({ __typename: 'TextContent', type, text: text.value })),
      tools: tools?.map((tool) => ({ __typename: 'FunctionTool', ...tool.function })),
    })),
  };
}

async function responseTo({ query, variables = {} }: Received): Promise<unknown> {
  if (variables.p !== undefined) return create(variables.p, query.includes('parameters}'));
  const threadId = variables.t ?? /thread\(id:"(\w+)"/.exec(query)?.[1];
  if (threadId === undefined) return null;
  await call('GET', `/threads/${threadId}`);
  const field = query.includes('runs(') ? 'runs' : 'messages';
  return { thread: { [field]: await list(`/threads/${threadId}/${field}`) } };
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const data = await responseTo(JSON.parse(Buffer.concat(chunks).toString()) as Received);
  const body = Buffer.from(data === null ? '' : JSON.stringify({ data }));
  response.writeHead(data === null ? 501 : 200, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
}

const server = createServer((request, response) => void serve(request, response));
server.listen(0, '127.0.0.1', () => announce(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
