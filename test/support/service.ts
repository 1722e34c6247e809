// The real service on the real embedded AIML API or on an upstream of the test.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config.ts';
import type { Environment } from '../../src/runtime/environment.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { createService, type ServiceOptions } from '../../src/service.ts';
import { cleanUpLater } from './cleanup.ts';

export interface GraphQLError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: Readonly<Record<string, unknown>>;
}

export interface GraphQLHttpResponse {
  readonly status: number;
  readonly headers: Headers;
  // The values are unknown: each test knows the shape of its own query.
  readonly data: Readonly<Record<string, unknown>> | null | undefined;
  readonly errors: readonly GraphQLError[] | undefined;
  /** The raw body. */
  readonly text: string;
}

export interface TestService {
  readonly url: string;
  /** The data folder of the embedded upstream, unless `environment` sets another. */
  readonly dataDir: string;
  /** All log entries, parsed. */
  readonly logs: Readonly<Record<string, unknown>>[];
  query(
    document: string,
    variables?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<GraphQLHttpResponse>;
  /** Sends the first request to upstream, as the process does after the start. */
  probe(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts the service on a free port and, by default, on its own embedded upstream. It stops with the test or the file.
 */
export async function startService(environment: Environment = {}, options?: ServiceOptions): Promise<TestService> {
  const dataDir = await mkdtemp(join(tmpdir(), 'assistants-'));
  cleanUpLater(() => rm(dataDir, { recursive: true, force: true }));
  const logs: Record<string, unknown>[] = [];
  const logger = createLogger('trace', { write: (line: string) => void logs.push(parseLine(line)) });
  const config = readConfig({ PORT: '0', DATA_DIR: dataDir, SHUTDOWN_TIMEOUT_MS: '20', ...environment });
  const service = await createService(config, logger, options);
  cleanUpLater(() => service.stop());
  return {
    url: service.url,
    dataDir,
    logs,
    query: (document, variables, headers) => query(service.url, document, variables, headers),
    probe: () => service.probe(),
    stop: async () => {
      await service.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Starts the service on an upstream of the test, with the key `key` unless clients send theirs. */
export const startServiceOn = (
  upstream: { readonly url: string },
  environment: Environment = {},
  options?: ServiceOptions,
): Promise<TestService> =>
  startService(
    {
      UPSTREAM: 'aiml',
      AIML_API_BASE_URL: upstream.url,
      ...(environment['AUTH_MODE'] !== 'passthrough' && { AIML_API_KEY: 'key' }),
      ...environment,
    },
    options,
  );

/** Sends one operation and reads the response. */
export async function query(
  url: string,
  document: string,
  variables?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<GraphQLHttpResponse> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query: document, variables }),
  });
  const text = await response.text();
  const { data, errors } = JSON.parse(text) as Pick<GraphQLHttpResponse, 'data' | 'errors'>;
  return { status: response.status, headers: response.headers, data, errors, text };
}

const parseLine = (line: string): Record<string, unknown> => JSON.parse(line) as Record<string, unknown>;
