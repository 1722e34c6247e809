// A double of the AIML API for responses that the embedded one cannot produce. Each test scripts the responses.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cleanUpLater } from './cleanup.ts';

export interface ReceivedCall {
  readonly method: string;
  /** The raw path and query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** Parsed JSON; null without a body. */
  readonly body: unknown;
}

export interface ScriptedUpstream {
  readonly url: string;
  readonly calls: ReceivedCall[];
  /** `GET /assistants/x` and the like, in the order of arrival. */
  readonly lines: () => string[];
  /** How many connections are open. */
  readonly openConnections: () => Promise<number>;
  stop(): Promise<void>;
}

export type Script = (call: ReceivedCall, response: ServerResponse, index: number) => void | Promise<void>;

/** The request that every service sends when it starts. */
const PROBE = '/assistants?limit=1';

export interface ScriptedUpstreamOptions {
  /**
   * Whether the script receives the start-up request of a service. Otherwise it gets a default response and is not
   * recorded.
   */
  readonly seesProbe?: boolean;
}

/** Starts a server on loopback that responds to every request with `script`. */
export async function startScriptedUpstream(
  script: Script,
  { seesProbe = false }: ScriptedUpstreamOptions = {},
): Promise<ScriptedUpstream> {
  const calls: ReceivedCall[] = [];
  const server = createServer((request, response) => {
    void receive(request).then((call) => {
      if (call.path === PROBE && !seesProbe) {
        sendJson(response, 200, { object: 'list', data: [], first_id: null, last_id: null, has_more: false });
        return;
      }
      calls.push(call);
      return script(call, response, calls.length - 1);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  cleanUpLater(stop);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    lines: () => calls.map(({ method, path }) => `${method} ${path}`),
    openConnections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
      }),
    stop,
  };
}

async function receive(request: IncomingMessage): Promise<ReceivedCall> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    body: text === '' ? null : JSON.parse(text),
  };
}

/** Responds with JSON. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** An assistant in the wire form of the current API. */
export const wireAssistant = (id: string, fields: Readonly<Record<string, unknown>> = {}) => ({
  id,
  object: 'assistant',
  created_at: 1_700_000_000,
  model: 'gpt-4o',
  name: null,
  description: null,
  instructions: null,
  tools: [],
  tool_resources: null,
  metadata: {},
  temperature: 1,
  top_p: 1,
  reasoning_effort: null,
  response_format: 'auto',
  ...fields,
});
