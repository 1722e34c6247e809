// The real service on the real embedded AIML API. Every call between the two is recorded.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Environment } from '../../src/runtime/environment.ts';
import { createLocalAiml } from '../../src/local-aiml/server.ts';
import { cleanUpLater } from '../support/cleanup.ts';
import '../support/conformance/embedded-api.ts';
import { sendJson, startScriptedUpstream, type ReceivedCall } from '../support/scripted-upstream.ts';
import { startServiceOn, type TestService } from '../support/service.ts';

export interface RecordedService extends TestService {
  /** Method, path and body of each call to upstream since the last call of this function. */
  upstreamCalls(): [line: string, body: unknown][];
  /** Like `query`, but throws if the response has errors. */
  data<T>(document: string, variables?: unknown): Promise<T>;
}

export async function startRecordedService(environment: Environment = {}): Promise<RecordedService> {
  const dataDir = await mkdtemp(join(tmpdir(), 'recorded-aiml-'));
  cleanUpLater(() => rm(dataDir, { recursive: true, force: true }));
  const local = await createLocalAiml({ dataDir, host: '127.0.0.1', port: 0, logger: pino({ level: 'silent' }) });
  cleanUpLater(() => local.stop());
  const upstream = await startScriptedUpstream(async (call, response) => {
    const reply = await forward(local.url, call);
    sendJson(response, reply.status, await reply.json());
  });
  const service = await startServiceOn(upstream, { AIML_API_KEY: 'test-key', ...environment });
  return {
    ...service,
    upstreamCalls: () =>
      upstream.calls.splice(0).map(({ method, path, body }) => [`${method} ${path}`, body] as [string, unknown]),
    data: async <T>(document: string, variables?: unknown) => {
      const { data, errors, text } = await service.query(document, variables);
      if (!data || errors) throw new Error(`data was expected, got ${text}`);
      return data as T;
    },
  };
}

const forward = (url: string, { method, path, headers, body }: ReceivedCall): Promise<Response> =>
  fetch(url + path, {
    method,
    headers: { authorization: headers.authorization ?? '', 'content-type': 'application/json' },
    body: body === null ? null : JSON.stringify(body),
  });
