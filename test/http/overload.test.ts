// The limit of operations in flight.
import { expect, test } from '@jest/globals';
import type { Environment } from '../../src/runtime/environment.ts';
import { sendJson, startScriptedUpstream, wireAssistant, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { startService, type GraphQLHttpResponse } from '../support/service.ts';
import { until } from '../support/until.ts';

interface Held {
  readonly upstream: ScriptedUpstream;
  readonly waiting: (() => void)[];
  readonly read: (id: string, key?: string) => Promise<GraphQLHttpResponse>;
}

/** Reads wait until they are released, in order of arrival. */
async function startHeld(environment: Environment): Promise<Held> {
  const waiting: (() => void)[] = [];
  const upstream = await startScriptedUpstream(async ({ path }, response) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    sendJson(response, 200, wireAssistant(path.split('/').at(-1) ?? ''));
  });
  const service = await startService({ AIML_API_BASE_URL: upstream.url, ...environment });
  const read = (id: string, key = 'key') =>
    service.query('query ($id: ID!) { assistant(id: $id) { id } }', { id }, { authorization: `Bearer ${key}` });
  return { upstream, waiting, read };
}

test('An operation beyond MAX_IN_FLIGHT gets OVERLOADED at once, and is served when another has ended', async () => {
  const { upstream, waiting, read } = await startHeld({ AIML_API_KEY: 'test-key', MAX_IN_FLIGHT: '3' });
  const inFlight = ['asst_1', 'asst_2', 'asst_3'].map((id) => read(id));
  await until(() => waiting.length === 3);

  const rejected = await read('asst_4');
  expect(rejected.status).toBe(503);
  expect(rejected.errors?.map(({ extensions }) => extensions)).toEqual([
    expect.objectContaining({ code: 'OVERLOADED' }),
  ]);
  expect(upstream.calls).toHaveLength(3);

  waiting.shift()?.();
  expect((await Promise.race(inFlight)).status).toBe(200);
  const next = read('asst_4');
  await until(() => waiting.length === 3);
  for (const release of waiting) release();
  expect((await next).data).toEqual({ assistant: { id: 'asst_4' } });
  for (const response of await Promise.all(inFlight)) expect(response.errors).toBeUndefined();
});

test('MAX_IN_FLIGHT limits the operations of all callers together, even if each caller has few', async () => {
  const { upstream, waiting, read } = await startHeld({ AUTH_MODE: 'passthrough', MAX_IN_FLIGHT: '8' });
  const inFlight = Array.from({ length: 8 }, (_, index) => read(`asst_${index}`, `caller-${index}`));
  await until(() => waiting.length === 8);

  const rejected = await read('asst_8', 'caller-8');
  expect(rejected.status).toBe(503);
  expect(rejected.errors?.[0]?.extensions['code']).toBe('OVERLOADED');
  expect(upstream.calls).toHaveLength(8);

  for (const release of waiting) release();
  for (const response of await Promise.all(inFlight)) expect(response.errors).toBeUndefined();
});
