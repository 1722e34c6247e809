import { describe, expect, test } from '@jest/globals';
import { collect, failureOf, setUp } from './model-calls.ts';
import { callStage, openStream, sendChunk, streamOf, toChunk, USAGE, type Stage } from './staged-model-api.ts';

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
    'A server that keeps the connection open behind [DONE]': (_request, response) => {
      openStream(response);
      sendChunk(response, toChunk({ content: 'Hi you' }, 'stop', { usage: USAGE }));
      response.write('data: [DO');
      response.write('NE]\n\n');
    },
    'A server that does not stream': (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'x-aimlapi-usd-spent': '0.25' });
      const choices = [{ index: 0, message: { role: 'assistant', content: 'Hi you' }, finish_reason: 'stop' }];
      response.end(JSON.stringify({ id: 'c', object: 'chat.completion', choices, usage: USAGE }, null, 2));
    },
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
