import { afterEach, expect, it } from '@jest/globals';
import { AimlClient } from '../../../src/aiml/client.ts';
import { createAssistantResource } from '../../support/source.ts';
import { HangUp } from '../../../src/aiml/hang-up.ts';
import { Reads } from '../../../src/aiml/reads.ts';
import {
  answerJson,
  startScriptedUpstream,
  wireAssistant,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.ts';

let upstream: ScriptedUpstream;
let client: AimlClient;

afterEach(async () => {
  await client.close();
  await upstream.stop();
});

it('asks for what is stale under its ETag, and takes what it has where upstream says that it has not changed', async () => {
  let etag = 'W/"1"';
  upstream = await startScriptedUpstream(({ headers }, response) => {
    if (headers['if-none-match'] === etag) response.writeHead(304, { etag }).end();
    else answerJson(response, 200, wireAssistant('x', { name: etag }), { etag });
  });
  client = new AimlClient({ baseUrl: new URL(upstream.url), connections: 1, attemptTimeoutMs: 5000 });
  const source = createAssistantResource({
    client,
    reads: new Reads(client, { cacheTtlMs: 0.001 }),
    caller: {
      credential: 'key',
      tenant: 'tenant',
      requestId: 'request-1',
      hangUp: new HangUp(),
      deadlineAt: performance.now() + 10_000,
    },
  });
  expect((await source.get('x')).name).toBe('W/"1"');
  expect((await source.get('x')).name).toBe('W/"1"');
  etag = 'W/"2"';
  expect((await source.get('x')).name).toBe('W/"2"');
  expect(upstream.calls.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, 'W/"1"', 'W/"1"']);
});

it('takes a 304 that it did not ask for as no answer', async () => {
  upstream = await startScriptedUpstream((_call, response) => void response.writeHead(304).end());
  client = new AimlClient({ baseUrl: new URL(upstream.url), connections: 1, attemptTimeoutMs: 5000 });
  const source = createAssistantResource({
    client,
    reads: new Reads(client, { cacheTtlMs: 1000 }),
    caller: {
      credential: 'key',
      tenant: 'tenant',
      requestId: 'request-1',
      hangUp: new HangUp(),
      deadlineAt: performance.now() + 10_000,
    },
  });
  await expect(source.get('x')).rejects.toMatchObject({ code: 'UPSTREAM_BAD_RESPONSE' });
});

it('reads no more for an operation than it may hold', async () => {
  upstream = await startScriptedUpstream(({ path }, response) =>
    answerJson(response, 200, wireAssistant(path.split('/').at(-1) ?? '', { instructions: 'x'.repeat(1000) })),
  );
  client = new AimlClient({ baseUrl: new URL(upstream.url), connections: 1, attemptTimeoutMs: 5000 });
  const source = createAssistantResource({
    client,
    reads: new Reads(client, { cacheTtlMs: 0 }),
    caller: {
      credential: 'key',
      tenant: 'tenant',
      requestId: 'request-1',
      hangUp: new HangUp(),
      deadlineAt: performance.now() + 10_000,
      budget: { bytes: 2000 },
    },
  });
  await source.get('a');
  await source.get('b');
  await expect(source.get('c')).rejects.toMatchObject({
    code: 'UPSTREAM_BAD_RESPONSE',
    details: { retryable: false },
  });
  await source.create({ model: 'm' });
  expect(upstream.lines()).toEqual(['GET /assistants/a', 'GET /assistants/b', 'POST /assistants']);
});
