import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { BuiltInModel } from '../../../src/local-aiml/engine/built-in/built-in-model.ts';
import { ModelRouter } from '../../../src/local-aiml/engine/model-router.ts';
import { DEFAULT_RUN_SETTINGS } from '../../../src/local-aiml/settings.ts';
import { createValue } from '../../../src/local-aiml/engine/built-in/schema-value.ts';
import type { JsonObject, JsonValue } from '../../../src/local-aiml/wire/json.ts';
import type { ModelChunk, ModelRequest } from '../../../src/local-aiml/engine/model/model-api.ts';

const model = new BuiltInModel();
const ASSISTANT = { name: 'Ada', instructions: 'Be brief.\nNever shout.' };

const WEATHER = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    parameters: {
      type: 'object',
      properties: {
        city: { type: 'string' },
        days: { type: 'integer', minimum: 2, maximum: 5 },
        unit: { enum: ['C', 'F'] },
      },
      required: ['city', 'days'],
    },
  },
};
const TIME = {
  type: 'function' as const,
  function: { name: 'get_time', parameters: { type: 'object', properties: {} } },
};

interface Result {
  readonly text: string;
  readonly refusal: string;
  readonly calls: { id: string; name: string; arguments: string }[];
  readonly end: Extract<ModelChunk, { type: 'end' }>;
  readonly pieces: number;
}

async function complete(
  message: string,
  request: Partial<ModelRequest> = {},
  signal = new AbortController().signal,
): Promise<Result> {
  const messages = request.messages ?? [{ role: 'user', content: message }];
  const chunks: ModelChunk[] = [];
  for await (const chunk of model.complete({ model: 'any', ...request, messages }, { signal, assistant: ASSISTANT }))
    chunks.push(chunk);
  const end = chunks.at(-1);
  if (end?.type !== 'end') throw new Error('no end');
  return {
    text: chunks.map((chunk) => (chunk.type === 'text' ? chunk.text : '')).join(''),
    refusal: chunks.map((chunk) => (chunk.type === 'refusal' ? chunk.text : '')).join(''),
    calls: chunks.flatMap((chunk) =>
      chunk.type !== 'tool_call'
        ? []
        : [
            {
              id: chunk.id,
              name: chunk.name,
              arguments: chunks
                .map((piece) => (piece.type === 'tool_call_arguments' && piece.index === chunk.index ? piece.text : ''))
                .join(''),
            },
          ],
    ),
    end,
    pieces: chunks.length - 1,
  };
}

const namesOf = ({ calls }: Result): string[] => calls.map(({ name }) => name);

test('The response to plain text has the name of the assistant, the first line of the instructions and the message, word by word', async () => {
  const result = await complete('What is the time?');
  expect(result.text).toContain('Ada');
  expect(result.text).toContain('no AI');
  expect(result.text).toContain('Be brief.');
  expect(result.text).not.toContain('Never shout.');
  expect(result.text).toContain('What is the time?');
  expect(result.pieces).toBe(result.text.split(/\s+/).length);
  expect(result.end.finishReason).toBe('stop');
});

test('The same request has the same text and the same usage, except with /vary', async () => {
  const [first, second] = [await complete('Hello'), await complete('Hello')];
  expect(second).toEqual(first);
  expect(first.end.usage?.total_tokens).toBe(
    (first.end.usage?.prompt_tokens ?? 0) + (first.end.usage?.completion_tokens ?? 0),
  );
  const varied = await Promise.all(Array.from({ length: 5 }, () => complete('/vary\nHello')));
  expect(new Set(varied.map(({ text }) => text)).size).toBeGreaterThan(1);
});

test('It is listed as the built-in model', async () => {
  const models = new ModelRouter(DEFAULT_RUN_SETTINGS);
  expect(await models.list('key')).toEqual([
    expect.objectContaining({ id: 'built-in', owned_by: expect.stringContaining('no AI') }),
  ]);
});

describe('Functions', () => {
  test('A message that contains the name of a function calls it with valid arguments', async () => {
    const result = await complete('Use get_weather please', { tools: [WEATHER, TIME] });
    expect(namesOf(result)).toEqual(['get_weather']);
    expect(JSON.parse(result.calls[0]?.arguments ?? '')).toEqual({ city: 'example', days: 2 });
    expect(result.end.finishReason).toBe('tool_calls');
    expect(result.text).toBe('');
  });

  test('Arguments are taken from a JSON object in the message, and made valid', async () => {
    const result = await complete('get_weather with {"city":"Rome","days":9,"unit":"F"} now', { tools: [WEATHER] });
    expect(JSON.parse(result.calls[0]?.arguments ?? '')).toEqual({ city: 'Rome', days: 5, unit: 'F' });
  });

  test('A longer word that contains the name does not call it', async () => {
    expect(namesOf(await complete('get_weather_now', { tools: [WEATHER] }))).toEqual([]);
  });

  test('Several are called at once, or one after another if parallel calls are off', async () => {
    const tools = [WEATHER, TIME];
    expect(namesOf(await complete('/tools get_weather get_time', { tools }))).toEqual(['get_weather', 'get_time']);
    const first = await complete('/tools get_weather get_time', { tools, parallel_tool_calls: false });
    expect(namesOf(first)).toEqual(['get_weather']);
    const messages = [
      { role: 'user' as const, content: '/tools get_weather get_time' },
      {
        role: 'assistant' as const,
        tool_calls: [{ id: 'a', type: 'function' as const, function: { name: 'get_weather', arguments: '{}' } }],
      },
      { role: 'tool' as const, tool_call_id: 'a', content: 'sunny' },
    ];
    expect(namesOf(await complete('', { tools, parallel_tool_calls: false, messages }))).toEqual(['get_time']);
  });

  test('/tool sends its arguments unchanged', async () => {
    const result = await complete('/tool get_weather {"anything": [1, 2]}', { tools: [WEATHER] });
    expect(result.calls[0]?.arguments).toBe('{"anything":[1,2]}');
    expect((await complete('/tool nothing', { tools: [WEATHER] })).text).toContain('no function nothing');
  });

  test('The response after the outputs quotes them', async () => {
    const messages = [
      { role: 'user' as const, content: 'get_weather' },
      {
        role: 'assistant' as const,
        tool_calls: [{ id: 'a', type: 'function' as const, function: { name: 'get_weather', arguments: '{}' } }],
      },
      { role: 'tool' as const, tool_call_id: 'a', content: 'sunny and 20 degrees' },
    ];
    const result = await complete('', { tools: [WEATHER], messages });
    expect(result.calls).toEqual([]);
    expect(result.text).toContain('sunny and 20 degrees');
  });

  test('tool_choice forbids calls, requires a call, and requires a certain call', async () => {
    const tools = [WEATHER, TIME];
    expect(namesOf(await complete('get_time', { tools, tool_choice: 'none' }))).toEqual([]);
    expect(namesOf(await complete('hello', { tools, tool_choice: 'required' }))).toEqual(['get_weather']);
    const choice = { type: 'function' as const, function: { name: 'get_time' } };
    expect(namesOf(await complete('get_weather', { tools, tool_choice: choice }))).toEqual(['get_time']);
  });
});

describe('Commands', () => {
  test('/words writes this number of words, and /incomplete and the token limit cut them off', async () => {
    expect((await complete('/words 500')).text.split(' ')).toHaveLength(500);
    const cut = await complete('/words 10\n/incomplete');
    expect(cut.text.trim().split(' ')).toHaveLength(5);
    expect(cut.end.finishReason).toBe('length');
    expect((await complete('/incomplete content_filter')).end.finishReason).toBe('content_filter');
    const limited = await complete('/words 500', { max_completion_tokens: 300 });
    expect(limited.text.trim().split(' ')).toHaveLength(300);
    expect(limited.end).toMatchObject({ finishReason: 'length', usage: { completion_tokens: 300 } });
  });

  test('/fail fails with the code, at once or after a number of words', async () => {
    for (const code of ['server_error', 'rate_limit_exceeded', 'invalid_prompt'])
      await expect(complete(`/fail ${code}`)).rejects.toMatchObject({ name: 'ModelError', code });
    const texts: string[] = [];
    const reading = (async () => {
      const messages = [{ role: 'user' as const, content: '/fail server_error after 10\n/words 50' }];
      for await (const chunk of model.complete({ model: 'm', messages }, { signal: new AbortController().signal }))
        if (chunk.type === 'text') texts.push(chunk.text);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'server_error' });
    expect(texts).toHaveLength(10);
  });

  test('/refuse returns a refusal, /help lists every command', async () => {
    expect(await complete('/refuse')).toMatchObject({ text: '', refusal: expect.stringContaining('decline') });
    const { text } = await complete('/help');
    for (const name of ['words', 'slow', 'vary', 'tool', 'tools', 'fail', 'refuse', 'incomplete', 'hang', 'help'])
      expect(text).toContain(`/${name}`);
  });

  test('/hang and /slow end when the call is aborted', async () => {
    for (const message of ['/hang', '/slow 60000', '/hang after 3']) {
      const controller = new AbortController();
      const reading = complete(message, {}, controller.signal);
      setImmediate(() => controller.abort(new Error('cancelled')));
      await expect(reading).rejects.toThrow('cancelled');
    }
  });

  test('Unknown commands and invalid arguments are plain text', async () => {
    for (const line of ['/unknown', '/words many', '/fail nonsense', '/slow', '/etc/passwd'])
      expect((await complete(line)).text).toContain(line);
  });
});

describe('Formats', () => {
  test('json_object returns JSON, json_schema returns valid JSON of its schema', async () => {
    expect(JSON.parse((await complete('Hi', { response_format: { type: 'json_object' } })).text)).toMatchObject({
      message: 'Hi',
    });
    const schema = {
      type: 'object',
      properties: {
        title: { type: 'string', minLength: 12 },
        done: { type: 'boolean' },
        tags: { type: 'array', items: { type: 'string' }, minItems: 2 },
      },
      required: ['title', 'done', 'tags'],
      additionalProperties: false,
    };
    const { text } = await complete('{"title":"Short","done":false,"other":1}', {
      response_format: { type: 'json_schema', json_schema: { name: 'task', schema, strict: true } },
    });
    expect(JSON.parse(text)).toEqual({ title: 'Shortxxxxxxx', done: false, tags: ['example', 'example'] });
  });

  const schemas: Record<string, { schema: JsonValue; fits: z.ZodType }> = {
    'references and recursion': {
      schema: {
        $ref: '#/$defs/node',
        $defs: {
          node: {
            type: 'object',
            properties: {
              value: { type: 'number', exclusiveMinimum: 3 },
              next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] },
            },
            required: ['value'],
          },
        },
      },
      fits: z.object({ value: z.number().gt(3) }),
    },
    'allOf, const and nullable types': {
      schema: {
        allOf: [
          { type: 'object', properties: { kind: { const: 'a' } }, required: ['kind'] },
          { properties: { name: { type: ['string', 'null'] } }, required: ['name'] },
        ],
      },
      fits: z.object({ kind: z.literal('a'), name: z.string().nullable() }),
    },
    'patterns and formats': {
      schema: {
        type: 'object',
        properties: {
          code: { type: 'string', pattern: '^[A-Z]{3}-\\d{4}(x|y)?$' },
          group: { type: 'string', pattern: '^(?:red|green)+[^a]\\.\\w{2,}$' },
          at: { type: 'string', format: 'date-time' },
          mail: { type: 'string', format: 'email' },
        },
        required: ['code', 'group', 'at', 'mail'],
      },
      fits: z.object({
        code: z.string().regex(/^[A-Z]{3}-\d{4}(x|y)?$/),
        group: z.string().regex(/^(?:red|green)+[^a]\.\w{2,}$/),
        at: z.iso.datetime(),
        mail: z.email(),
      }),
    },
    'tuples, unique items, multiples and maps': {
      schema: {
        type: 'object',
        properties: {
          pair: { type: 'array', prefixItems: [{ type: 'integer' }, { type: 'string' }], items: false },
          unique: { type: 'array', items: { type: 'integer' }, minItems: 3, uniqueItems: true },
          step: { type: 'integer', multipleOf: 7, minimum: 10 },
        },
        required: ['pair', 'unique', 'step'],
      },
      fits: z.object({
        pair: z.tuple([z.int(), z.string()]),
        unique: z
          .array(z.int())
          .min(3)
          .refine((items) => new Set(items).size === items.length),
        step: z
          .int()
          .min(10)
          .refine((value) => value % 7 === 0),
      }),
    },
  };
  for (const [name, { schema, fits }] of Object.entries(schemas))
    test(`The value is valid: ${name}`, () => {
      expect(fits.safeParse(createValue(schema)).error).toBeUndefined();
    });

  test('A pattern that could backtrack is never executed, and a recursive schema terminates', () => {
    expect(typeof createValue({ type: 'string', pattern: '^(([a-z])+.)+[A-Z]([a-z])+$' }, 'a'.repeat(5_000))).toBe(
      'string',
    );
    const endless = { $ref: '#' };
    expect(createValue(endless)).toBeDefined();
    const deep = { type: 'object', properties: { a: { $ref: '#' } }, required: ['a'] };
    expect(createValue(deep)).toBeDefined();
    const wide = { properties: { a: { $ref: '#' }, b: { $ref: '#' }, c: { $ref: '#' } }, required: ['a', 'b', 'c'] };
    expect(createValue(wide)).toBeDefined();
    expect(createValue({ allOf: [{ $ref: '#' }, { $ref: '#' }, { $ref: '#' }] })).toBeDefined();
  });

  /** 4,096 values of the schema. */
  const grid = (items: JsonValue): JsonObject => ({
    type: 'array',
    minItems: 64,
    items: { type: 'array', minItems: 64, items },
  });
  const large = 'a'.repeat(200_000);
  const names = Array.from({ length: 10_000 }, (_, index) => `name${index}`);
  const many = Object.fromEntries(names.map((name) => [name, {}]));
  const costly: Record<string, [schema: JsonObject, given?: JsonValue]> = {
    'a large constant': [grid({ const: large })],
    'a large choice': [grid({ enum: [large] })],
    'a large default': [grid({ type: 'string', default: large })],
    'a long text': [grid({ type: 'string', minLength: 10_000 })],
    'a long pattern': [grid({ pattern: 'a{200}'.repeat(150) })],
    'a long reference': [grid({ $ref: `#${'/a'.repeat(100_000)}` })],
    'a reference that is not encoded': [grid({ $ref: '#/%' })],
    'many types': [grid({ type: names })],
    'many required properties': [{ properties: many, required: [...names, ...names] }],
    'many parts': [{ allOf: [{ properties: many }, ...names.map(() => ({}))] }],
    'references to many members': [{ ...many, ...grid({ $ref: '#/members' }), members: { ...many, type: 'null' } }],
    'many choices for large values': [
      grid({ enum: names.map((name) => ({ name })) }),
      Array.from({ length: 64 }, () => Array.from({ length: 64 }, () => ({ name: large.slice(0, 40) }))),
    ],
  };
  test.each(Object.entries(costly))(
    'A small schema does not make a large value, or take long: %s',
    (_what, [schema, given]) => {
      expect(JSON.stringify(createValue(schema, given)).length).toBeLessThan(1_000_000);
    },
  );
});

test('a response that hangs ends when its signal is aborted, at whatever step of it', async () => {
  for (let steps = 0; steps <= 6; steps++) {
    const controller = new AbortController();
    const messages = [{ role: 'user' as const, content: '/hang after 1' }];
    const chunks = model.complete({ model: 'any', messages }, { signal: controller.signal })[Symbol.asyncIterator]();
    await chunks.next();
    const hanging = chunks.next();
    for (let step = 0; step < steps; step++) await Promise.resolve();
    controller.abort();
    await expect(hanging).rejects.toThrow(/abort/);
  }
});
