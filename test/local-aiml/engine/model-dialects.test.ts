import type { ServerResponse } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import type { ModelRequest } from '../../../src/local-aiml/engine/model/model-api.ts';
import { collect, failureOf, setUp } from './model-calls.ts';
import {
  callStage,
  errorStage,
  openStream,
  sendChunk,
  streamOf,
  textStage,
  toChunk,
  USAGE,
  type Stage,
} from './staged-model-api.ts';

describe('Dialects of servers', () => {
  const dialects: Record<string, Stage> = {
    'OpenAI: role once, an empty first chunk, usage in a separate chunk': streamOf(
      toChunk({ role: 'assistant', content: '', refusal: null }),
      toChunk({ content: 'Hi' }),
      toChunk({ content: ' you' }),
      toChunk({}, 'stop'),
      { ...toChunk({}), choices: [], usage: USAGE },
    ),
    'AIML: a null delta, usage and cost in the last chunk': streamOf(
      toChunk({ content: 'Hi' }),
      toChunk({ content: ' you' }),
      toChunk(null, 'stop', { usage: USAGE, meta: { usage: { credits_used: 3, usd_spent: 0.25 } } }),
    ),
    'Ollama: role in each chunk, content beside the finish reason, no usage chunk': streamOf(
      toChunk({ role: 'assistant', content: 'Hi' }),
      toChunk({ role: 'assistant', content: ' you' }),
      toChunk({ role: 'assistant', content: '' }, 'stop', { usage: USAGE, system_fingerprint: 'fp_ollama' }),
    ),
    'vLLM: usage that counts up in every chunk, extra fields, reasoning beside the content': streamOf(
      toChunk({ role: 'assistant', reasoning_content: 'Let me think' }, null, { usage: { prompt_tokens: 11 } }),
      toChunk({ content: 'Hi', reasoning: null }, null, { usage: { ...USAGE, completion_tokens: 1 } }),
      toChunk({ content: ' you' }, 'stop', { usage: USAGE, kv_transfer_params: null }),
    ),
    'llama.cpp: comments that keep the connection alive, timings, carriage returns, no space behind data': (
      _request,
      response,
    ) => {
      openStream(response);
      response.write(': ping\r\n\r\n');
      response.write(`data:${JSON.stringify(toChunk({ content: 'Hi' }))}\r\n\r\n: ping\r\n\r\n`);
      response.write(
        `data:${JSON.stringify(toChunk({ content: ' you' }, 'stop', { usage: USAGE, timings: {} }))}\r\n\r\n`,
      );
      response.end('data:[DONE]\r\n\r\n');
    },
    ...Object.fromEntries(
      ['\n\n', '\r\n', ''].map((end) => [
        `A server that keeps the connection open behind [DONE]${JSON.stringify(end)}`,
        (_request: unknown, response: ServerResponse) => {
          openStream(response);
          sendChunk(response, toChunk({ content: 'Hi you' }, 'stop', { usage: USAGE }));
          response.write('data: [DO');
          response.write(`NE]${end}`);
        },
      ]),
    ),
    'A server that does not stream': (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'x-aimlapi-usd-spent': '0.25' });
      const choices = [{ index: 0, message: { role: 'assistant', content: 'Hi you' }, finish_reason: 'stop' }];
      response.end(JSON.stringify({ id: 'c', object: 'chat.completion', choices, usage: USAGE }, null, 2));
    },
    ...Object.fromEntries(
      (
        [
          ['gzip', gzipSync],
          ['deflate', deflateSync],
          ['br', brotliCompressSync],
        ] as const
      ).map(([coding, compress]) => [
        `A proxy that compresses the stream without being asked: ${coding}`,
        (_request: unknown, response: ServerResponse) => {
          openStream(response, { 'content-encoding': coding });
          const chunk = JSON.stringify(toChunk({ content: 'Hi you' }, 'stop', { usage: USAGE }));
          response.end(compress(`data: ${chunk}\n\ndata: [DONE]\n\n`));
        },
      ]),
    ),
    'Content as a list of parts, and other words for the same finish reason': streamOf(
      toChunk({ content: [{ type: 'text', text: 'Hi' }] }),
      toChunk({ content: [{ type: 'text', text: ' you' }] }, 'end_turn', { usage: USAGE }),
    ),
    'An unknown finish reason, behind text': streamOf(toChunk({ content: 'Hi you' }, 'because', { usage: USAGE })),
  };
  for (const [name, stage] of Object.entries(dialects))
    test(name, async () => {
      const { api } = await setUp([stage]);
      const { text, end } = await collect(api);
      expect(text).toBe('Hi you');
      expect(end).toMatchObject({ finishReason: 'stop', usage: USAGE });
    });

  test('A coding that is not supported is a clear error, and not retried', async () => {
    const { staged, api } = await setUp([
      (_request, response) => {
        openStream(response, { 'content-encoding': 'zstd' });
        response.end('x');
      },
    ]);
    expect((await failureOf(api)).message).toContain('compressed');
    expect(staged.requests).toHaveLength(1);
  });

  test('The cost is read from the last chunk and from the header', async () => {
    const { api } = await setUp([
      ...Object.entries(dialects).flatMap(([name, stage]) => (/^AIML|does not stream/.test(name) ? [stage] : [])),
    ]);
    expect((await collect(api)).end.costUsd).toBe(0.25);
    expect((await collect(api)).end.costUsd).toBe(0.25);
  });

  test('A response without usage is complete, and its usage is unknown', async () => {
    const { api } = await setUp([streamOf(toChunk({ content: 'Hi' }, 'stop'))]);
    expect((await collect(api)).end).toMatchObject({ finishReason: 'stop', usage: null });
  });

  test('Text that looks like the end of a stream is text', async () => {
    const { api } = await setUp([streamOf(toChunk({ content: 'data: [DONE]' }), toChunk({ content: '!' }, 'stop'))]);
    expect((await collect(api)).text).toBe('data: [DONE]!');
  });

  test('Refusals, the token limit and the content filter are reported with their own finish reason', async () => {
    const { api } = await setUp([
      streamOf(toChunk({ refusal: 'I ' }), toChunk({ refusal: 'will not.' }, 'stop')),
      streamOf(toChunk({ content: 'Long' }, 'length')),
      streamOf(toChunk({ content: 'Bad' }, 'content_filter')),
    ]);
    expect((await collect(api)).refusal).toBe('I will not.');
    expect((await collect(api)).end.finishReason).toBe('length');
    expect((await collect(api)).end.finishReason).toBe('content_filter');
  });
});

describe('Tool calls', () => {
  const both = [
    { name: 'weather', arguments: '{"city":"Rome"}' },
    { name: 'time', arguments: '{"zone":"CET"}' },
  ];
  const whole = (index: number | undefined, id: string | undefined, call: { name: string; arguments: unknown }) => ({
    ...(index === undefined ? {} : { index }),
    ...(id === undefined ? {} : { id }),
    type: 'function',
    function: call,
  });
  const dialects: Record<string, Stage> = {
    'in pieces, as OpenAI streams them': callStage(...both),
    'whole in one chunk, with finish_reason stop': streamOf(
      toChunk({ tool_calls: [whole(0, 'call_a', both[0] as never), whole(1, 'call_b', both[1] as never)] }, 'stop'),
    ),
    'all with index 0, distinguished by their ids': streamOf(
      toChunk({ tool_calls: [whole(0, 'call_a', both[0] as never)] }),
      toChunk({ tool_calls: [whole(0, 'call_b', both[1] as never)] }, 'tool_calls'),
    ),
    'without index and id': streamOf(
      toChunk({ tool_calls: [whole(undefined, undefined, both[0] as never)] }),
      toChunk({ tool_calls: [whole(undefined, undefined, both[1] as never)] }, 'stop'),
    ),
    'with index 0 for each and no id': streamOf(
      toChunk({ tool_calls: [whole(0, undefined, both[0] as never)] }),
      toChunk({ tool_calls: [whole(0, undefined, both[1] as never)] }, 'tool_calls'),
    ),
    'with the same id for each': streamOf(
      toChunk({ tool_calls: [whole(0, 'call_a', both[0] as never)] }),
      toChunk({ tool_calls: [whole(1, 'call_a', both[1] as never)] }, 'tool_calls'),
    ),
    'with arguments as objects': streamOf(
      toChunk(
        {
          tool_calls: both.map((call, index) =>
            whole(index, `call_${index}`, { name: call.name, arguments: JSON.parse(call.arguments) as unknown }),
          ),
        },
        'tool_calls',
      ),
    ),
    'with pieces of two calls mixed': streamOf(
      toChunk({ tool_calls: [whole(0, 'a', { name: 'weather', arguments: '{"city"' })] }),
      toChunk({ tool_calls: [whole(1, 'b', { name: 'time', arguments: '{"zone"' })] }),
      toChunk({ tool_calls: [{ index: 0, function: { arguments: ':"Rome"}' } }] }),
      toChunk({ tool_calls: [{ index: 1, function: { arguments: ':"CET"}' } }] }, 'tool_calls'),
    ),
    'with id and name repeated in each piece': streamOf(
      toChunk({ tool_calls: [whole(0, 'a', { name: 'weather', arguments: '{"city":' })] }),
      toChunk({ tool_calls: [whole(0, 'a', { name: 'weather', arguments: '"Rome"}' })] }),
      toChunk({ tool_calls: [whole(1, 'b', { name: 'time', arguments: '{"zone":"CET"}' })] }, 'tool_calls'),
    ),
  };
  for (const [name, stage] of Object.entries(dialects))
    test(name, async () => {
      const { api } = await setUp([stage]);
      const { calls, end, order } = await collect(api);
      expect(calls.map(({ name: called, arguments: text }) => ({ name: called, arguments: text }))).toEqual(both);
      expect(new Set(calls.map(({ id }) => id)).size).toBe(2);
      expect(end.finishReason).toBe('tool_calls');
      const indexes = order.filter((item) => item.startsWith('tool_call')).map((item) => Number(item.split(' ')[1]));
      expect(indexes).toEqual([...indexes].sort());
    });

  test('A call without arguments has an empty object as arguments', async () => {
    const { api } = await setUp([callStage({ name: 'now', arguments: '' })]);
    expect((await collect(api)).calls).toMatchObject([{ name: 'now', arguments: '{}' }]);
  });

  test('Arguments that are not JSON, and a call without a name, fail', async () => {
    const { api } = await setUp([
      callStage({ name: 'weather', arguments: '{"city":' }),
      callStage({ name: '', arguments: '{}' }),
    ]);
    expect(await failureOf(api)).toMatchObject({
      code: 'server_error',
      message: expect.stringContaining('not valid JSON'),
    });
    expect(await failureOf(api)).toMatchObject({
      code: 'server_error',
      message: expect.stringContaining('without naming'),
    });
  });
});

describe('Parameters that a model does not support', () => {
  const request: ModelRequest = {
    model: 'm',
    messages: [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'hello' },
    ],
    tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
    parallel_tool_calls: false,
    temperature: 0.5,
    top_p: 0.5,
    max_completion_tokens: 300,
    reasoning_effort: 'low',
    response_format: { type: 'json_object' },
  };
  const unsupported = (
    param: string,
    message = `Unsupported parameter: '${param}' is not supported with this model.`,
  ) => errorStage(400, { error: { message, type: 'invalid_request_error', param, code: 'unsupported_parameter' } });

  for (const name of ['stream_options', 'parallel_tool_calls', 'reasoning_effort', 'temperature', 'top_p'])
    test(`${name} is omitted after a 400 that names it, and not sent to that model again`, async () => {
      const { staged, api } = await setUp([unsupported(name), textStage('fine')]);
      await collect(api, request);
      await collect(api, request);
      await collect(api, { ...request, model: 'another' });
      expect(staged.requests.map(({ body }) => name in body)).toEqual([true, false, false, true]);
    });

  test('max_completion_tokens is replaced by max_tokens', async () => {
    const { staged, api } = await setUp([unsupported('max_completion_tokens'), textStage('fine')]);
    await collect(api, request);
    expect(staged.requests[1]?.body).toMatchObject({ max_tokens: 300 });
    expect(staged.requests[1]?.body).not.toHaveProperty('max_completion_tokens');
  });

  test('Several are omitted one after another', async () => {
    const { staged, api } = await setUp([unsupported('temperature'), unsupported('top_p'), textStage('fine')]);
    expect((await collect(api, request)).text).toBe('fine');
    expect(staged.requests).toHaveLength(3);
  });

  test('The name is found in the errors of AIML and of FastAPI', async () => {
    for (const stage of [
      errorStage(400, { message: 'Body validation error!', meta: [{ path: ['reasoning_effort'] }], statusCode: 400 }),
      errorStage(422, {
        detail: [{ type: 'extra_forbidden', loc: ['body', 'reasoning_effort'], msg: 'Extra inputs' }],
      }),
    ]) {
      const { staged, api } = await setUp([stage, textStage('fine')]);
      await collect(api, request);
      expect(staged.requests[1]?.body).not.toHaveProperty('reasoning_effort');
    }
  });

  test('The instructions precede the first message of the user if the role system is not supported', async () => {
    const { staged, api } = await setUp([
      unsupported(
        'messages[0].role',
        "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
      ),
      textStage('fine'),
    ]);
    await collect(api, request);
    expect(staged.requests[1]?.body['messages']).toEqual([{ role: 'user', content: 'Be kind.\n\nhello' }]);
  });

  test('Tools, response formats, messages and unknown names are never omitted', async () => {
    for (const name of ['tools', 'response_format', 'messages', 'model', 'seed']) {
      const { staged, api } = await setUp([unsupported(name), textStage('fine')]);
      expect((await failureOf(api, request)).code).toBe('invalid_prompt');
      expect(staged.requests).toHaveLength(1);
    }
  });

  test('A parameter that is rejected after it was omitted ends the call', async () => {
    const { staged, api } = await setUp([unsupported('temperature')]);
    expect((await failureOf(api, request)).code).toBe('invalid_prompt');
    expect(staged.requests).toHaveLength(2);
  });
});
