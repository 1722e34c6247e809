// How long the process keeps idempotency keys and models, without waiting for it.
import { expect, test } from '@jest/globals';
import type { UpstreamContext } from '../../../src/aiml/call.ts';
import type { AimlClient } from '../../../src/aiml/client.ts';
import { IdempotencyKeys } from '../../../src/aiml/idempotency-keys.ts';
import { ModelList } from '../../../src/aiml/model-list.ts';
import { CancellationToken } from '../../../src/runtime/cancellation.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

function createClock() {
  let time = 12_345;
  return { now: () => time, pass: (ms: number) => void (time += ms) };
}

test('an idempotency key is kept for 24 hours, whether or not it is used again', async () => {
  const { now, pass } = createClock();
  const keys = new IdempotencyKeys(now);
  let created = 0;
  const create = () =>
    keys.create({
      tenant: 'tenant',
      path: '/threads',
      key: 'key-1',
      json: '{}',
      cancellation: new CancellationToken(),
      find: () => Promise.resolve(null),
      create: () => Promise.resolve(`thread_${(created += 1)}`),
      locate: (id) => ({ id, path: `/threads/${id}` }),
      get: ({ id }) => Promise.resolve(id),
    });
  expect(await create()).toBe('thread_1');
  for (const hours of [12, 11]) {
    pass(hours * 60 * MINUTE_MS);
    expect(await create()).toBe('thread_1');
  }
  pass(60 * MINUTE_MS - 10);
  expect(await create()).toBe('thread_1');
  pass(20);
  expect(await create()).toBe('thread_2');
  pass(DAY_MS - 10);
  expect(await create()).toBe('thread_2');
});

test('models are read again after five minutes, for each caller', async () => {
  const { now, pass } = createClock();
  let reads = 0;
  const client = {
    call: async () => {
      await Promise.resolve();
      return { data: [{ id: `model-${(reads += 1)}` }] };
    },
  } as Pick<AimlClient, 'call'> as AimlClient;
  const models = new ModelList(client, now);
  const list = async (tenant: string) => {
    const context: UpstreamContext = {
      credential: tenant,
      tenant,
      subject: tenant,
      requestId: 'request',
      cancel: new CancellationToken(),
      deadlineAt: Infinity,
    };
    return (await models.list(context)).data.map(({ id }) => id);
  };
  expect(await list('one')).toEqual(['model-1']);
  pass(MINUTE_MS);
  expect(await list('two')).toEqual(['model-2']);
  pass(4 * MINUTE_MS - 10);
  expect(await list('one')).toEqual(['model-1']);
  pass(20);
  expect(await list('one')).toEqual(['model-3']);
  expect(await list('two')).toEqual(['model-2']);
});
