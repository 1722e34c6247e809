// As many operations at once as MAX_IN_FLIGHT allows, and one more.
import { expect, test } from '@jest/globals';
import { sendJson, startScriptedUpstream, wireAssistant } from '../support/scripted-upstream.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

test('An operation beyond MAX_IN_FLIGHT gets OVERLOADED at once, and one is served when another has ended', async () => {
  const waiting: (() => void)[] = [];
  const upstream = await startScriptedUpstream(async ({ path }, response) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    sendJson(response, 200, wireAssistant(path.split('/').at(-1) ?? ''));
  });
  const service = await startService({
    AIML_API_KEY: 'test-key',
    AIML_API_BASE_URL: upstream.url,
    MAX_IN_FLIGHT: '3',
  });
  const read = (id: string) => service.query('query ($id: ID!) { assistant(id: $id) { id } }', { id });
  const inFlight = ['asst_1', 'asst_2', 'asst_3'].map(read);
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
