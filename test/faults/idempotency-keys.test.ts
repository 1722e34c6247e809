// Idempotency keys where upstream has none: the key is in the metadata of what was created, and is looked for.
import type { ServerResponse } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { readGauges } from '../support/gauges.ts';
import {
  CREATED_AT,
  inTurn,
  json,
  list,
  lose,
  MESSAGE,
  mutate,
  OUTCOME_UNKNOWN,
  RUN,
  startRouted,
  THREAD,
  userErrors,
  wireThread,
} from '../support/routed-upstream.ts';
import { wireMessage, wireRun } from '../support/stream-upstream.ts';
import { until } from '../support/until.ts';

describe('an idempotency key, where upstream has none:', () => {
  const KEY = 'key-1';
  const stamped = { metadata: { idempotency_key: KEY } };
  const createdMessage = wireMessage('completed', 'Hi', { role: 'user', run_id: null, assistant_id: null, ...stamped });
  const assistant = { id: 'asst_1', object: 'assistant', created_at: CREATED_AT, model: 'm', ...stamped };
  /** Mutation, input, what creates, what lists, and what was created. */
  const listed: readonly (readonly [string, object, string, string, object])[] = [
    ['createAssistant', { model: 'm' }, 'POST /assistants', 'GET /assistants', assistant],
    ['createMessage', { threadId: 'thread_1', text: 'Hi' }, `POST ${THREAD}/messages`, `GET ${THREAD}/messages`, createdMessage],
    ['createRun', { threadId: 'thread_1', assistantId: 'asst_1' }, `POST ${THREAD}/runs`, `GET ${THREAD}/runs`, wireRun('queued', stamped)],
  ]; // prettier-ignore
  const keyed = (input: object, key = KEY) => ({ ...input, idempotencyKey: key });

  test.each(listed)(
    '%s looks for the key among the newest 100, and stamps what it creates',
    async (name, input, post, get, created) => {
      // prettier-ignore
      const setting = await startRouted({ [get]: json(list()), [post]: json(created) });
      expect(await mutate(setting, name, keyed(input))).toEqual({ userErrors: [] });
      expect(setting.lines()).toEqual([get, post]);
      expect(setting.bodies(post)).toMatchObject([stamped]);
      const found = await startRouted({ [get]: json(list(created)) });
      expect(await mutate(found, name, keyed(input))).toEqual({ userErrors: [] });
      expect(found.lines()).toEqual([get]);
    },
  );

  test.each(listed)(
    '%s is looked for after its response was lost, and never sent again',
    async (name, input, post, get, created) => {
      // prettier-ignore
      const found = await startRouted({ [get]: inTurn(json(list()), json(list(created))), [post]: lose });
      expect(await mutate(found, name, keyed(input))).toEqual({ userErrors: [] });
      expect(found.lines()).toEqual([get, post, get]);
      const lost = await startRouted({ [get]: json(list()), [post]: lose });
      expect(await mutate(lost, name, keyed(input))).toEqual(OUTCOME_UNKNOWN);
      expect(lost.lines()).toEqual([get, post, get]);
    },
  );

  test.each(listed)(
    '%s with another input is INVALID at the key, here and where it was found',
    async (name, input, post, get, created) => {
      // prettier-ignore
      const setting = await startRouted({
      [get]: inTurn(json(list()), json(list(created))),
      [post]: json(created),
      [`GET ${THREAD}/messages/msg_1`]: json(created),
      [`GET ${RUN}`]: json(created),
      'GET /assistants/asst_1': json(created),
    });
      expect(await mutate(setting, name, keyed(input))).toEqual({ userErrors: [] });
      expect(await mutate(setting, name, keyed(input))).toEqual({ userErrors: [] });
      const other = { ...keyed(input), metadata: { other: 'x' } };
      expect(await mutate(setting, name, other)).toEqual(userErrors('INVALID', 'idempotencyKey'));
      expect(setting.lines().filter((line) => line === post)).toEqual([post]);
      const elsewhere = await startRouted({ [get]: json(list(created)) });
      expect(await mutate(elsewhere, name, other)).toEqual(userErrors('INVALID', 'idempotencyKey'));
      expect(elsewhere.lines()).toEqual([get]);
    },
  );

  test.each<readonly [string, object, string, object]>([
    ...listed.map(([name, input, post, , created]) => [name, input, post, created] as const),
    ['createThread', {}, 'POST /threads', wireThread({ idempotency_key: KEY })],
    ['createThreadAndRun', { assistantId: 'asst_1' }, 'POST /threads/runs', wireRun('queued', stamped)],
  ])(
    '%s is created once by requests at the same time, and by one behind the other',
    async (name, input, post, created) => {
      // prettier-ignore
      const get = post.replace('POST', 'GET');
      const setting = await startRouted({
        [get]: json(list()),
        [post]: json(created),
        [`GET ${THREAD}`]: json(wireThread({ idempotency_key: KEY })),
        [`GET ${MESSAGE}`]: json(created),
        [`GET ${RUN}`]: json(created),
        'GET /assistants/asst_1': json(created),
      });
      const results = await Promise.all([1, 2, 3].map(() => mutate(setting, name, keyed(input))));
      results.push(await mutate(setting, name, keyed(input)));
      expect(results).toEqual(Array(4).fill({ userErrors: [] }));
      expect(setting.lines().filter((line) => line === post)).toEqual([post]);
      // Another key is another create.
      expect(await mutate(setting, name, keyed(input, 'key-2'))).toEqual({ userErrors: [] });
      expect(setting.lines().filter((line) => line === post)).toEqual([post, post]);
    },
  );

  test.each(listed)(
    '%s is created by the second request if the client of the first one left',
    async (name, input, post, get, created) => {
      const held: ServerResponse[] = [];
      const setting = await startRouted({
        [get]: inTurn((response) => held.push(response), json(list())),
        [post]: json(created),
      });
      const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
      const body = JSON.stringify({
        query: `mutation ($input: ${type}!) { ${name}(input: $input) { userErrors { code } } }`,
        variables: { input: keyed(input) },
      });
      const send = (signal?: AbortSignal) =>
        fetch(`${setting.service.url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
          ...(signal && { signal }),
        });
      const leaving = new AbortController();
      const first = send(leaving.signal).catch(() => 'left');
      await until(() => held.length === 1);
      const second = send();
      await until(async () => (await readGauges(setting.service.url)).inFlight === 2);
      leaving.abort();
      expect(await first).toBe('left');
      expect(await (await second).json()).toEqual({ data: { [name]: { userErrors: [] } } });
      expect(setting.lines()).toEqual([get, get, post]);
    },
  );

  test.each(listed)(
    '%s whose object was deleted creates nothing again: INVALID at the key',
    async (name, input, post, get, created) => {
      // prettier-ignore
      const setting = await startRouted({ [get]: json(list()), [post]: json(created), [`GET ${THREAD}`]: json(wireThread()) });
      expect(await mutate(setting, name, keyed(input))).toEqual({ userErrors: [] });
      expect(await mutate(setting, name, keyed(input))).toEqual(userErrors('INVALID', 'idempotencyKey'));
      expect(setting.lines().filter((line) => line === post)).toEqual([post]);
    },
  );

  test.each(['createThread', 'createThreadAndRun'])('%s cannot be looked for: OUTCOME_UNKNOWN', async (name) => {
    const post = name === 'createThread' ? 'POST /threads' : 'POST /threads/runs';
    const setting = await startRouted({ [post]: lose });
    const input = name === 'createThread' ? {} : { assistantId: 'asst_1' };
    expect(await mutate(setting, name, keyed(input))).toEqual(OUTCOME_UNKNOWN);
    expect(setting.lines()).toEqual([post]);
  });

  test.each(listed)('%s takes 15 pairs of metadata beside the key', async (name, input, post, get, created) => {
    const pairs = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']));
    const setting = await startRouted({ [get]: json(list()), [post]: json(created) });
    const many = await mutate(setting, name, { ...keyed(input), metadata: pairs(16) });
    expect(many).toEqual(userErrors('TOO_MANY', 'metadata'));
    expect(setting.bodies(post)).toEqual([]);
    const own = await mutate(setting, name, { ...keyed(input), metadata: { idempotency_key: 'mine' } });
    expect(own).toEqual(userErrors('INVALID', 'metadata'));
    expect(setting.bodies(post)).toEqual([]);
    expect(await mutate(setting, name, { ...keyed(input), metadata: pairs(15) })).toEqual({ userErrors: [] });
  });

  test.each(['', 'x'.repeat(65), 'a b', 'ä', 'a/b'])('%j is no key: nothing is sent', async (key) => {
    const setting = await startRouted({});
    for (const [name, input] of [
      ['createAssistant', { model: 'm' }],
      ['createThread', {}],
      ['createMessage', { threadId: 'thread_1', text: 'Hi' }],
      ['createRun', { threadId: 'thread_1', assistantId: 'asst_1' }],
      ['createThreadAndRun', { assistantId: 'asst_1' }],
    ] as const) {
      expect(await mutate(setting, name, keyed(input, key))).toMatchObject({
        userErrors: [{ field: ['input', 'idempotencyKey'] }],
      });
    }
    expect(setting.lines()).toEqual([]);
  });

  test('of one caller are nothing to another', async () => {
    const post = 'POST /threads';
    const setting = await startRouted({ [post]: json(wireThread()), [`GET ${THREAD}`]: json(wireThread()) }, { AUTH_MODE: 'passthrough', AIML_API_KEY: '' }); // prettier-ignore
    const create = (key: string) =>
      setting.service.query(
        'mutation ($input: CreateThreadInput!) { createThread(input: $input) { thread { id } userErrors { code } } }',
        { input: keyed({}) },
        { authorization: `Bearer ${key}` },
      );
    for (const key of ['one', 'two', 'one', 'two']) expect((await create(key)).errors).toBeUndefined();
    expect(setting.lines().filter((line) => line === post)).toEqual([post, post]);
  });
});
