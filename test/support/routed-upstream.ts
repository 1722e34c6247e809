// An upstream whose responses a test gives by method and path, and a service on it: what a mutation comes to, and what was
// sent.
import type { ServerResponse } from 'node:http';
import { sendJson, startScriptedUpstream, type ReceivedCall } from './scripted-upstream.ts';
import { startServiceOn, type GraphQLHttpResponse, type TestService } from './service.ts';

export const CREATED_AT = 1_700_000_000;
export const THREAD = '/threads/thread_1';
export const RUN = '/threads/thread_1/runs/run_1';
export const MESSAGE = '/threads/thread_1/messages/msg_1';

export const wireThread = (metadata: object = {}) => ({
  id: 'thread_1',
  object: 'thread',
  created_at: CREATED_AT,
  metadata,
});
export const list = (...data: readonly unknown[]) => ({ object: 'list', data, has_more: false });
export type Responder = (response: ServerResponse, call: ReceivedCall) => void;
export const lose: Responder = (response) => response.socket?.resetAndDestroy();
export const json =
  (body: unknown, status = 200): Responder =>
  (response) =>
    sendJson(response, status, body);
export const reject = (status: number): Responder => json({ error: { message: 'No.' } }, status);
/** Each once; the last one again and again. */
export const inTurn = (...responders: readonly Responder[]): Responder => {
  let index = 0;
  return (response, call) => (responders[index++] ?? responders.at(-1))?.(response, call);
};

export interface RoutedService {
  readonly service: TestService;
  /** `POST /threads/thread_1` and the like, without queries, in the order of arrival. */
  readonly lines: () => string[];
  readonly bodies: (line: string) => unknown[];
}

/** An upstream with these responses by method and path; 404 for everything else. */
export async function startRouted(
  responses: Readonly<Record<string, Responder>>,
  environment: object = {},
): Promise<RoutedService> {
  const lineOf = ({ method, path }: ReceivedCall) => `${method} ${path.replace(/\?.*/, '')}`;
  const upstream = await startScriptedUpstream((call, response) => {
    (responses[lineOf(call)] ?? reject(404))(response, call);
  });
  // There are many services, and nothing is in flight when they stop.
  const service = await startServiceOn(upstream, { SHUTDOWN_TIMEOUT_MS: '1', ...environment });
  return {
    service,
    lines: () => upstream.calls.map(lineOf),
    bodies: (line) => upstream.calls.filter((call) => lineOf(call) === line).map(({ body }) => body),
  };
}

export async function mutate({ service }: RoutedService, name: string, input: object): Promise<unknown> {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  const document = `mutation ($input: ${type}!) { ${name}(input: $input) { userErrors { code field } } }`;
  const response = await service.query(document, { input });
  return response.data?.[name] ?? codeOf(response);
}

const codeOf = ({ errors, text }: GraphQLHttpResponse): unknown => {
  const { code, outcome, retryable } = errors?.[0]?.extensions ?? {};
  return code === undefined ? text : { code, outcome, retryable };
};
export const OUTCOME_UNKNOWN = { code: 'OUTCOME_UNKNOWN', outcome: 'UNKNOWN', retryable: false };
export const userErrors = (code: string, ...field: readonly string[]) => ({
  userErrors: [{ code, field: field.length > 0 ? ['input', ...field] : null }],
});
