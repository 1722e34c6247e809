import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { expectErrorResponse, sendBody } from '../support/rejected-requests.ts';
import { sendJson, startScriptedUpstream, wireAssistant, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { startServiceOn, type TestService } from '../support/service.ts';

let upstream: ScriptedUpstream;
let service: TestService;

beforeAll(async () => {
  upstream = await startScriptedUpstream((_call, response) => sendJson(response, 200, wireAssistant('asst_new')));
  service = await startServiceOn(upstream, { AIML_API_KEY: 'test-key' });
});
afterAll(async () => {
  await service.stop();
  await upstream.stop();
});
beforeEach(() => {
  upstream.calls.length = 0;
});

describe('the JSON of a request body', () => {
  const withValue = (value: string): string =>
    `{"query":"mutation ($p: JSONObject) { createAssistant(input: { model: \\"m\\", tools: [{ function: { name: \\"f\\", parameters: $p } }] }) { userErrors { code } } }","variables":{"p":${value}}}`;

  const list = (count: number, item: (index: number) => string): string =>
    `[${Array.from({ length: count }, (_, index) => item(index)).join(',')}]`;
  const members = (count: number, name: (index: number) => string): string =>
    `{${list(count, (index) => `"${name(index)}":1`).slice(1, -1)}}`;
  const dense: readonly [string, string][] = [
    ['lists', list(30_000, () => '[]')],
    ['objects with one key', list(16_000, (index) => `{"k${index % 1000}":1}`)],
    ['numbers', list(60_000, () => '1')],
    ['strings', list(60_000, () => '""')],
  ];
  const places: readonly [string, (value: string) => string][] = [
    ['a variable', (value) => withValue(`{"a":${value}}`)],
    ['a variable that the operation does not use', (value) => `{"query":"{ __typename }","variables":{"x":${value}}}`],
    ['extensions', (value) => `{"query":"{ __typename }","extensions":{"x":${value}}}`],
    ['a key that is none of a request', (value) => `{"query":"{ __typename }","x":${value}}`],
  ];

  test.each(dense.flatMap(([what, value]) => places.map(([place, toBody]) => [what, place, toBody(value)] as const)))(
    'more than 50,000 brackets, braces, commas and colons (%s in %s)',
    async (_what, _place, body) => {
      const response = await sendBody(service, body);
      expectErrorResponse(upstream, response, 'BAD_REQUEST');
      expect(response.errors?.[0]?.message).toBe(
        'The request body holds more than 50000 brackets, braces, commas and colons outside strings.',
      );
    },
  );

  test.each([
    ...places.flatMap(([place, toBody]) => [
      [
        'members',
        place,
        toBody(members(20_001, (index) => `k${index % 1000}`)),
        'objects with more than 20000 members in all',
      ],
      [
        'names of members',
        place,
        toBody(members(5000, (index) => `${index}`.padStart(57, 'k'))),
        'objects whose members have names of more than 256 KiB in all',
      ],
      [
        'different names of members',
        place,
        toBody(
          `[${Array.from({ length: 1600 }, (_, object) => members(10, (index) => `k${object}_${index}`)).join()}]`,
        ),
        'objects whose members have more than 12000 different names in all',
      ],
      [
        'surrogates without their other half',
        place,
        toBody(`"${'\\ud83d'.repeat(50_000)}"`),
        'more than 10000 surrogates without their other half',
      ],
    ]),
    [
      'members, and no end',
      'a variable',
      withValue(members(20_001, (index) => `k${index % 1000}`)).slice(0, -2),
      'objects with more than 20000 members in all',
    ],
  ])('too many %s in %s', async (_what, _place, body, limit) => {
    const response = await sendBody(service, body);
    expectErrorResponse(upstream, response, 'BAD_REQUEST');
    expect(response.errors?.[0]?.message).toBe(`The request body holds ${limit}.`);
  });

  test('more than 6,000 different names in a body of more than 512 KiB', async () => {
    const names = Array.from({ length: 800 }, (_, object) => members(10, (index) => `k${object}_${index}`)).join();
    const response = await sendBody(service, withValue(`{"a":[${names}],"b":"${'x'.repeat(512 * 1024)}"}`));
    expectErrorResponse(upstream, response, 'BAD_REQUEST');
    expect(response.errors?.[0]?.message).toBe(
      'The request body is larger than 512 KiB and holds objects whose members have more than 6000 different names in all.',
    );
  });

  test.each([
    ['20,000 members', members(19_990, (index) => `k${index % 1000}`)],
    ['12,000 different names of members', members(12_000, (index) => `k${index}`)],
    [
      '6,000 different names of members beside a long string',
      `{"a":${members(6000, (index) => `k${index}`)},"b":"${'x'.repeat(1e6)}"}`,
    ],
    ['pairs of surrogates', `{"a":"${'\\ud83d\\ude00'.repeat(100_000)}"}`],
    ['some surrogates without their other half', `{"a":"${'\\ud83d'.repeat(9_999)}${'a'.repeat(500_000)}"}`],
    ['names of 256 KiB', members(4500, (index) => `${index}`.padStart(57, 'k'))],
  ])('%s are accepted', async (_what, value) => {
    expect((await sendBody(service, withValue(value))).data).toEqual({ createAssistant: { userErrors: [] } });
  });

  test('128 functions with 40 described parameters each, and the longest instructions, are accepted', async () => {
    const properties = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [
        `parameter_${index}`,
        { type: 'string', description: 'a: [b], {c}, d' },
      ]),
    );
    const tools = Array.from({ length: 128 }, (_, index) => ({
      function: { name: `f${index}`, parameters: { type: 'object', properties, required: ['parameter_0'] } },
    }));
    const input = { model: 'm', instructions: '[,]:'.repeat(64_000), tools };
    const { data } = await service.query(
      'mutation ($input: CreateAssistantInput!) { createAssistant(input: $input) { userErrors { code } } }',
      { input },
    );
    expect(data).toEqual({ createAssistant: { userErrors: [] } });
  });

  test('brackets in strings are not counted', async () => {
    const { data } = await sendBody(service, withValue(`{"a":"${'['.repeat(300_000)}\\"${'{'.repeat(300_000)}"}`));
    expect(data).toEqual({ createAssistant: { userErrors: [] } });
  });
});
