import { describe, expect, test } from '@jest/globals';
import { TIME, textOf, WEATHER } from './conversation-client.ts';
import { callStage, errorStage, streamOf, textStage, toChunk, USAGE, type Stage } from './staged-model-api.ts';
import { messagesOf, setUp, KEY } from './staged-runs.ts';

describe('The request to a model', () => {
  test('contains the instructions, the additional ones, the messages, the tools and the parameters of the run', async () => {
    const { staged, client } = await setUp([textStage('fine')]);
    const assistantId = await client.createAssistant({ temperature: 0.2, reasoning_effort: 'low' });
    const threadId = await client.createThread('first');
    await client.addMessage(threadId, 'made by hand', 'assistant');
    await client.addMessage(threadId, [
      { type: 'text', text: 'look' },
      { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'low' } },
    ]);
    const run = await client.createRun(threadId, assistantId, {
      additional_instructions: 'Rhyme.',
      additional_messages: [{ role: 'user', content: 'more' }],
      response_format: { type: 'json_object' },
      max_completion_tokens: 300,
      parallel_tool_calls: false,
      tool_choice: 'required',
      top_p: 0.9,
      model: 'another',
    });
    await client.reach(run, 'completed');
    expect(staged.requests).toHaveLength(1);
    expect(staged.requests[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(staged.requests[0]?.body).toEqual({
      model: 'another',
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0.2,
      top_p: 0.9,
      reasoning_effort: 'low',
      max_completion_tokens: 300,
      response_format: { type: 'json_object' },
      tools: [
        WEATHER,
        { type: 'function', function: { name: 'get_time', parameters: { type: 'object', properties: {} } } },
      ],
      tool_choice: 'required',
      parallel_tool_calls: false,
      messages: [
        { role: 'system', content: 'Be brief.\n\nRhyme.' },
        { role: 'user', content: 'first' },
        { role: 'assistant', content: 'made by hand' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'look' },
            { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'low' } },
          ],
        },
        { role: 'user', content: 'more' },
      ],
    });
  });

  test('contains the calls of this run and of earlier ones with their outputs, if the tool still exists', async () => {
    const { staged, client } = await setUp([
      callStage({ name: 'get_weather', arguments: '{"city":"Rome"}' }, { name: 'get_time', arguments: '{}' }),
      textStage('It is sunny.'),
      textStage('You are welcome.'),
      textStage('Without tools.'),
    ]);
    const assistantId = await client.createAssistant();
    const run = await client.settle(await client.start('weather?', assistantId, { tool_choice: 'required' }));
    await client.reach(await client.submit(run, 'sunny'), 'completed');
    const pair = [
      { role: 'assistant', content: null, tool_calls: [{ id: 'call_staged0' }, { id: 'call_staged1' }] },
      { role: 'tool', tool_call_id: 'call_staged0', content: 'sunny' },
      { role: 'tool', tool_call_id: 'call_staged1', content: 'sunny' },
    ];
    expect(messagesOf(staged, 1)).toMatchObject([{ role: 'system' }, { role: 'user' }, ...pair]);
    // The tool choice applies to the first call only; otherwise the run would never end.
    expect(staged.requests.map(({ body }) => body['tool_choice'])).toEqual(['required', undefined]);

    await client.addMessage(run.thread_id, 'thanks');
    await client.reach(await client.createRun(run.thread_id, assistantId), 'completed');
    expect(messagesOf(staged, 2)).toMatchObject([
      { role: 'system' },
      { role: 'user' },
      ...pair,
      { role: 'assistant', content: 'It is sunny.' },
      { role: 'user', content: 'thanks' },
    ]);
    await client.reach(await client.createRun(run.thread_id, assistantId, { tools: [WEATHER] }), 'completed');
    expect(messagesOf(staged, 3).filter(({ role }) => role === 'tool')).toEqual([]);
  });

  test('keeps the text before the calls of one response with them', async () => {
    const { staged, client } = await setUp([
      streamOf(
        toChunk({ content: 'Let me see.' }),
        toChunk({ tool_calls: [{ index: 0, id: 'call_x', function: { name: 'get_time', arguments: '{}' } }] }),
        toChunk({}, 'tool_calls', { usage: USAGE }),
      ),
      textStage('Noon.'),
    ]);
    const run = await client.settle(await client.start('time?', await client.createAssistant()));
    expect((await client.steps(run)).map(({ type, status }) => [type, status])).toEqual([
      ['message_creation', 'completed'],
      ['tool_calls', 'in_progress'],
    ]);
    await client.reach(await client.submit(run, '12:00'), 'completed');
    expect(messagesOf(staged, 1).slice(2)).toMatchObject([
      { role: 'assistant', content: 'Let me see.', tool_calls: [{ id: 'call_x' }] },
      { role: 'tool', content: '12:00' },
    ]);
    expect((await client.messages(run.thread_id)).map(textOf)).toEqual(['Noon.', 'Let me see.', 'time?']);
  });

  test('omits tools that do not run here, and says so in the system message', async () => {
    const { staged, client } = await setUp([textStage('fine')]);
    const assistantId = await client.createAssistant({
      tools: [{ type: 'code_interpreter' }, { type: 'file_search' }, TIME],
    });
    await client.reach(await client.start('hello', assistantId), 'completed');
    expect(staged.requests[0]?.body['tools']).toHaveLength(1);
    expect(messagesOf(staged)[0]?.content).toMatch(/^Be brief\.\n\n.*code_interpreter and file_search/);
  });

  test('replaces an image file, which the API does not have, by a note', async () => {
    const { staged, client } = await setUp([textStage('fine')]);
    const threadId = await client.createThread();
    await client.addMessage(threadId, [
      { type: 'image_file', image_file: { file_id: 'file-1' } },
      { type: 'text', text: 'what is it?' },
    ]);
    await client.reach(await client.createRun(threadId, await client.createAssistant()), 'completed');
    expect(messagesOf(staged)[1]?.content).toMatch(/^\[An image file that cannot be shown.*\]\n\nwhat is it\?$/);
  });

  test('contains the newest messages if last_messages is set', async () => {
    const { staged, client } = await setUp([textStage('fine')]);
    const threadId = await client.createThread('one', 'two', 'three', 'four');
    const truncation_strategy = { type: 'last_messages', last_messages: 2 };
    await client.reach(
      await client.createRun(threadId, await client.createAssistant(), { truncation_strategy }),
      'completed',
    );
    expect(messagesOf(staged).map(({ content }) => content)).toEqual(['Be brief.', 'three', 'four']);
  });

  test('omits messages of the middle if the context is too long, and keeps the first and the newest', async () => {
    const tooLong = errorStage(400, {
      error: {
        message: "This model's maximum context length is 100 tokens.",
        code: 'context_length_exceeded',
        param: 'messages',
      },
    });
    const { staged, client } = await setUp([tooLong, tooLong, textStage('fine')]);
    const texts = Array.from({ length: 12 }, (_, index) => `message ${index} ${'word '.repeat(50)}`);
    const threadId = await client.createThread(...texts);
    await client.reach(await client.createRun(threadId, await client.createAssistant({ tools: [] })), 'completed');
    const sent = messagesOf(staged, 2)
      .slice(1)
      .map(({ content }) => Number(String(content).split(' ')[1]));
    expect(sent[0]).toBe(0);
    expect(sent.at(-1)).toBe(11);
    expect(sent.length).toBeLessThan(12);
    expect(sent).toEqual([0, ...Array.from({ length: sent.length - 1 }, (_, index) => 13 - sent.length + index)]);
    // From now on the context length is known.
    await client.reach(await client.createRun(threadId, await client.createAssistant({ tools: [] })), 'completed');
    expect(staged.requests).toHaveLength(4);
  });

  const listStage =
    (...models: object[]): Stage =>
    (_request, response) =>
      void response.setHeader('content-type', 'application/json').end(JSON.stringify({ data: models }));

  test.each<[string, object]>([
    ['AIML', { info: { contextLength: 8_000 } }],
    ['vLLM', { max_model_len: 8_000 }],
    ['OpenRouter', { context_length: 8_000 }],
  ])('is truncated to the context length in the list of the model API: %s', async (_name, member) => {
    const { staged, client } = await setUp(
      [listStage({ id: 'other', max_model_len: 100 }, { id: 'gpt-4o-new', ...member }), textStage('fine')],
      { modelAliases: new Map([['gpt-4o', 'gpt-4o-new']]) },
    );
    const texts = Array.from({ length: 20 }, (_, index) => `message ${index} ${'word '.repeat(800)}`);
    const threadId = await client.createThread(...texts);
    const assistantId = await client.createAssistant({ tools: [] });
    for (let run = 0; run < 2; run++) await client.reach(await client.createRun(threadId, assistantId), 'completed');
    expect(staged.requests.map(({ path }) => path)).toEqual([
      '/v1/models',
      '/v1/chat/completions',
      '/v1/chat/completions',
    ]);
    const characters = messagesOf(staged, 1).reduce((sum, { content }) => sum + String(content).length, 0);
    expect(characters / 4).toBeLessThan(6_000);
    expect(characters / 4).toBeGreaterThan(4_000);
  });

  test.each<[string, Stage]>([
    ['cannot be read', errorStage(500, { message: 'Sorry' })],
    ['does not name the model', listStage({ id: 'other', max_model_len: 100 })],
    ['has no lengths', listStage({ id: 'gpt-4o' })],
  ])('is not truncated if the list %s, and the list is not read for each run', async (_name, stage) => {
    const { staged, client } = await setUp([stage, textStage('fine')]);
    const threadId = await client.createThread(...Array.from({ length: 20 }, () => 'word '.repeat(800)));
    const assistantId = await client.createAssistant({ tools: [] });
    for (let run = 0; run < 2; run++) await client.reach(await client.createRun(threadId, assistantId), 'completed');
    expect(staged.requests).toHaveLength(3);
    expect(messagesOf(staged, 1)).toHaveLength(21);
  });

  test('fails as an invalid prompt if it cannot be shortened', async () => {
    const { client } = await setUp([
      errorStage(400, { error: { message: 'too long', code: 'context_length_exceeded', param: 'messages' } }),
    ]);
    const run = await client.reach(await client.start('long', await client.createAssistant()), 'failed');
    expect(run.last_error?.code).toBe('invalid_prompt');
  });

  test('is not sent for the model named built-in, which is the built-in model', async () => {
    const { staged, client } = await setUp([textStage('fine')]);
    const run = await client.start('hello', await client.createAssistant({ model: 'built-in' }));
    await client.reach(run, 'completed');
    expect(textOf((await client.messages(run.thread_id))[0])).toContain('no AI');
    expect(staged.requests).toEqual([]);
  });
});
