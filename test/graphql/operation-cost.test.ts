// The limits of what an operation may request from upstream, and the conditions that decide whether it runs.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sendJson, startScriptedUpstream, wireAssistant, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { startServiceOn, type TestService } from '../support/service.ts';

let upstream: ScriptedUpstream;
let service: TestService;

beforeAll(async () => {
  upstream = await startScriptedUpstream(({ path }, response) => {
    const [, collection, id, inner] = path.split(/[/?]/);
    if (id === undefined || id.startsWith('limit=') || inner === 'messages')
      sendJson(response, 200, { object: 'list', data: [], has_more: false });
    else if (collection === 'threads') sendJson(response, 200, { id, object: 'thread', created_at: 1, metadata: {} });
    else sendJson(response, 200, wireAssistant(id));
  });
  service = await startServiceOn(upstream, { AIML_API_KEY: 'test-key', FEDERATION: 'true', INTROSPECTION: 'true' });
});
afterAll(async () => {
  await service.stop();
  await upstream.stop();
});
beforeEach(() => {
  upstream.calls.length = 0;
});

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const ids = (count: number, prefix = 'a'): string[] => range(count).map((index) => `${prefix}${index}`);
const literal = (values: readonly string[]): string => JSON.stringify(values);
const references = (count: number) => ids(count, 'r').map((id) => ({ __typename: 'Assistant', id }));

const TOO_MANY_IDS = 'The operation asks for more than 200 things by id: request less at a time. Nothing was sent.';

describe('an operation with more than 200 reads by id is rejected before anything is sent', () => {
  test.each<[string, string, unknown?]>([
    [
      'in aliases',
      `{ ${range(3)
        .map((i) => `a${i}: nodes(ids: ${literal(ids(67, `x${i}y`))}) { id }`)
        .join(' ')} }`,
    ],
    [
      'of variables',
      'query ($i: [ID!]!) { a: nodes(ids: $i) { id } b: nodes(ids: $i) { id } c: nodes(ids: $i) { id } }',
      { i: ids(67) },
    ],
    [
      'in fragments',
      `{ ...F ... { nodes(ids: ${literal(ids(99))}) { id } } c: node(id: "c") { id } } fragment F on Query { b: nodes(ids: ${literal(ids(99, 'b'))}) { id } d: assistant(id: "d") { id } e: assistant(id: "e") { id } }`,
    ],
    [
      'as entities',
      'query ($r: [_Any!]!) { _entities(representations: $r) { __typename } a: nodes(ids: $i) { id } }'.replace(
        '$r: [_Any!]!',
        '$r: [_Any!]!, $i: [ID!]!',
      ),
      { r: references(100), i: ids(101) },
    ],
    [
      'with a default',
      `query ($i: [ID!]! = ${literal(ids(100))}) { a: nodes(ids: $i) { id } b: nodes(ids: $i) { id } c: node(id: "c") { id } }`,
    ],
    [
      'where graphql-js executes it',
      `query ($i: [ID!]!) { __proto__: __typename a: nodes(ids: $i) { id } b: nodes(ids: $i) { id } c: nodes(ids: $i) { id } }`,
      { i: ids(67) },
    ],
    [
      'as lists inside of others',
      '{ threads(first: 100) { nodes { a: messages { nodes { id } } b: runs { nodes { id } } c: messages(first: 1) { nodes { id } } } } }',
    ],
  ])('%s', async (...[, document, variables]) => {
    for (const time of ['first', 'second']) {
      const { status, data, errors } = await service.query(document, variables);
      expect([time, status, data, errors?.map(({ message }) => message)]).toEqual([
        time,
        400,
        undefined,
        [TOO_MANY_IDS],
      ]);
      expect(errors?.[0]?.extensions['code']).toBe('BAD_USER_INPUT');
    }
    expect(upstream.calls).toEqual([]);
  });

  test('an operation with 200 reads is executed; excluded fields do not count', async () => {
    const document =
      'query ($i: [ID!]!, $no: Boolean!) { a: nodes(ids: $i) { id } b: nodes(ids: $i) { id } c: nodes(ids: $i) @include(if: $no) { id } }';
    for (const time of ['first', 'second']) {
      const { data, errors } = await service.query(document, { i: ids(100), no: false });
      expect([time, errors, Object.keys(data ?? {})]).toEqual([time, undefined, ['a', 'b']]);
    }
    expect((await service.query(document, { i: ids(100), no: true })).errors?.[0]?.message).toBe(TOO_MANY_IDS);
  });
});

test('an operation with more than 20 lists is rejected before anything is sent', async () => {
  const lists = (count: number): string =>
    `{ thread(id: "thread_1") { ${range(count)
      .map((i) => `a${i}: messages(first: ${i + 1}) { nodes { id } }`)
      .join(' ')} } }`;
  const { status, errors } = await service.query(lists(21));
  expect([status, errors?.map(({ message }) => message)]).toEqual([
    400,
    ['The operation asks for more than 20 lists: request less at a time. Nothing was sent.'],
  ]);
  expect(upstream.calls).toEqual([]);
  expect((await service.query(lists(20))).errors).toBeUndefined();
});

describe('a condition that is null', () => {
  test.each([
    ['@skip(if: $dry)', 'on the field'],
    ['@include(if: $dry)', 'on the field'],
  ])('%s %s runs no mutation', async (condition) => {
    const document = `mutation ($dry: Boolean = true) { one: deleteAssistant(input: { id: "a" }) ${condition} { deletedAssistantId } two: deleteAssistant(input: { id: "b" }) { deletedAssistantId } }`;
    for (const time of ['first', 'second']) {
      const { data, errors } = await service.query(document, { dry: null });
      expect([time, data, errors?.[0]?.extensions['code']]).toEqual([time, null, 'BAD_USER_INPUT']);
    }
    expect(upstream.calls).toEqual([]);
  });

  test('inside a payload prevents every later mutation', async () => {
    const document =
      'mutation ($dry: Boolean = true) { one: updateAssistant(input: { id: "a", name: "n" }) { assistant @skip(if: $dry) { id } } two: updateAssistant(input: { id: "b", name: "n" }) { assistant { id } } }';
    for (const time of ['first', 'second']) {
      upstream.calls.length = 0;
      expect([time, (await service.query(document, { dry: null })).data]).toEqual([time, null]);
      expect(upstream.lines()).toEqual(['POST /assistants/a']);
    }
  });
});

describe('introspection by tools with their own query', () => {
  const wrapped = (levels: number): string => (levels === 0 ? '' : `ofType { kind name ${wrapped(levels - 1)} }`);
  const query = (levels: number): string =>
    `{ __schema { types { ...Full } } } fragment Full on __Type { fields { name args { type { ...Ref } } } } fragment Ref on __Type { kind name ${wrapped(levels)} }`;

  test('is allowed with twelve wrapped types, and rejected with more', async () => {
    for (const levels of [9, 10, 12]) expect((await service.query(query(levels))).errors).toBeUndefined();
    expect((await service.query(query(13))).errors?.map(({ message }) => message)).toEqual([
      'The document is more than 15 levels of fields deep.',
    ]);
  });
});
