import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { cleanUpLater } from '../../support/cleanup.ts';
import { collect, expectClean, failureOf, KEY, REQUEST, setUp } from './model-calls.ts';
import {
  errorStage,
  openStream,
  sendChunk,
  streamOf,
  textStage,
  toChunk,
  USAGE,
  startStagedModelApi,
  type Stage,
} from './staged-model-api.ts';

test('A request has the form of chat completions, with streaming and usage', async () => {
  const { staged, api } = await setUp([textStage('Good morning to you')]);
  const result = await collect(api, { ...REQUEST, temperature: 0.3, top_p: 0, max_completion_tokens: 300 });
  expect(result.text).toBe('Good morning to you');
  expect(result.end).toEqual({
    type: 'end',
    finishReason: 'stop',
    usage: USAGE,
    costUsd: null,
    requestId: 'req_staged',
  });
  expect(staged.requests.map(({ path, body, headers }) => ({ path, body, key: headers.authorization }))).toEqual([
    {
      path: '/v1/chat/completions',
      key: `Bearer ${KEY}`,
      body: {
        model: 'm',
        messages: [{ role: 'user', content: 'hello' }],
        temperature: 0.3,
        top_p: 0.01,
        max_completion_tokens: 300,
        stream: true,
        stream_options: { include_usage: true },
      },
    },
  ]);
});

test('A call may have its own key, and an API without a key gets none', async () => {
  const { staged, api } = await setUp([textStage('one')]);
  for await (const chunk of api.complete(REQUEST, { signal: new AbortController().signal, key: 'own-key' }))
    expect(chunk.type).toMatch(/text|end/);
  const keyless = await setUp([textStage('one')], { key: null });
  await collect(keyless.api);
  expect(staged.requests[0]?.headers.authorization).toBe('Bearer own-key');
  expect(keyless.staged.requests[0]?.headers.authorization).toBeUndefined();
});

test('Aliases rename a model in requests to the model API', async () => {
  const { staged, api } = await setUp([textStage('one')], { aliases: new Map([['gpt-4', 'gpt-4.1']]) });
  await collect(api, { ...REQUEST, model: 'gpt-4' });
  await collect(api, { ...REQUEST, model: 'gpt-5' });
  expect(staged.requests.map(({ body }) => body['model'])).toEqual(['gpt-4.1', 'gpt-5']);
});

describe('Failures', () => {
  const cases: Record<string, { stage: Stage; code: string; reason: RegExp }> = {
    '401': {
      stage: errorStage(401, {
        error: { message: `Incorrect API key provided: ${KEY}. See https://platform.example.com` },
      }),
      code: 'server_error',
      reason: /rejected the key.*HTTP 401.*req_failed/,
    },
    '401 whose request id is the key': {
      stage: errorStage(401, { error: { message: 'No' } }, { 'x-request-id': KEY }),
      code: 'server_error',
      reason: /HTTP 401\): No$/,
    },
    '403 in the form of AIML': {
      stage: errorStage(403, { message: 'You have run out of credits.', statusCode: 403, requestId: 'aiml-1' }),
      code: 'server_error',
      reason: /rejected the key.*HTTP 403.*run out of credits/,
    },
    '404': {
      stage: errorStage(404, { error: { message: 'The model does not exist', code: 'model_not_found' } }),
      code: 'server_error',
      reason: /HTTP 404.*does not exist/,
    },
    '400 that names nothing that may be left out': {
      stage: errorStage(400, { error: { message: "Invalid 'messages[0].content'", param: 'messages[0].content' } }),
      code: 'invalid_prompt',
      reason: /rejected the request.*HTTP 400/,
    },
    '413': { stage: errorStage(413, { message: 'Too large' }), code: 'invalid_prompt', reason: /HTTP 413/ },
    '422 in the form of FastAPI': {
      stage: errorStage(422, { detail: [{ loc: ['body', 'messages'], msg: 'Field required' }] }),
      code: 'invalid_prompt',
      reason: /HTTP 422.*Field required/,
    },
    'an exhausted quota': {
      stage: errorStage(429, { error: { message: 'You exceeded your current quota', code: 'insufficient_quota' } }),
      code: 'rate_limit_exceeded',
      reason: /HTTP 429.*quota/,
    },
    'a Retry-After that is too long': {
      stage: errorStage(429, { error: { message: 'Slow down' } }, { 'retry-after': '3600' }),
      code: 'rate_limit_exceeded',
      reason: /HTTP 429.*Slow down/,
    },
    'a redirect': {
      stage: errorStage(301, '', { location: '/elsewhere' }),
      code: 'server_error',
      reason: /redirected/,
    },
    'a web page': {
      stage: errorStage(200, '<!doctype html><title>Sign in</title>'),
      code: 'server_error',
      reason: /web page instead of a completion/,
    },
  };
  for (const [name, { stage, code, reason }] of Object.entries(cases))
    test(`${name}: the call fails at once, clearly and without secrets`, async () => {
      const { staged, api } = await setUp([stage]);
      const failure = await failureOf(api);
      expect(failure.code).toBe(code);
      expect(failure.message).toMatch(reason);
      expectClean(failure.message, staged);
      expect(staged.requests).toHaveLength(1);
    });

  const temporary: Record<string, Stage> = {
    '429 with Retry-After': errorStage(429, { error: { message: 'Slow down' } }, { 'retry-after': '0' }),
    '500': errorStage(500, { error: { message: 'Sorry' } }),
    '502 with a web page': errorStage(502, '<html>Bad gateway</html>'),
    '503': errorStage(503, { message: 'Overloaded' }),
    'a reset before the headers': (_request, response) => void response.socket?.destroy(),
    'a reset before the first piece': (_request, response) => {
      openStream(response);
      sendChunk(response, toChunk({ role: 'assistant', content: '' }));
      setImmediate(() => response.socket?.destroy());
    },
    'an end without anything': streamOf(),
    'no choices': streamOf({ ...toChunk({}), choices: [] }),
    'an error in the first piece': streamOf({ error: { message: 'Overloaded', type: 'server_error' } }),
    'an error of vLLM': streamOf({ object: 'error', message: 'Overloaded', code: 500 }),
    'a first piece that is not JSON': (_request, response) => {
      openStream(response);
      response.end('data: {"choices": [\n\n');
    },
  };
  for (const [name, stage] of Object.entries(temporary)) {
    test(`${name}: retried before the first text`, async () => {
      const { staged, api } = await setUp([stage, stage, textStage('Here you are')]);
      expect((await collect(api)).text).toBe('Here you are');
      expect(staged.requests).toHaveLength(3);
    });
    test(`${name}: a clear failure after four attempts`, async () => {
      const { staged, api } = await setUp([stage]);
      const failure = await failureOf(api);
      expect(failure.code).toBe(name.startsWith('429') ? 'rate_limit_exceeded' : 'server_error');
      expect(failure.message).toMatch(/^The .*model API/);
      expectClean(failure.message, staged);
      expect(failure.message).not.toContain('<');
      expect(staged.requests).toHaveLength(4);
    });
  }

  const cuts: Record<string, Stage> = {
    'a reset': (_request, response) => {
      openStream(response);
      sendChunk(response, toChunk({ content: 'Half' }));
      setTimeout(() => response.socket?.destroy(), 20);
    },
    'an end without a finish reason': streamOf(toChunk({ content: 'Half' })),
    'an error': streamOf(toChunk({ content: 'Half' }), { error: { message: 'Out of memory' } }),
    'a finish reason that is a failure': streamOf(toChunk({ content: 'Half' }), toChunk({}, 'error')),
  };
  for (const [name, stage] of Object.entries(cuts))
    test(`${name} after the first text: not retried`, async () => {
      const { staged, api } = await setUp([stage, textStage('Whole')]);
      expect((await failureOf(api)).code).toBe('server_error');
      expect(staged.requests).toHaveLength(1);
    });

  test('An address without a listener and a host that does not exist are clear failures', async () => {
    const closed = await startStagedModelApi();
    await closed[Symbol.asyncDispose]();
    for (const baseUrl of [closed.url, 'http://model.invalid/v1']) {
      const { api } = await setUp([], { baseUrl });
      const failure = await failureOf(api);
      expect(failure).toMatchObject({ code: 'server_error', message: expect.stringMatching(/cannot be reached: its/) });
      expect(failure.message).not.toMatch(/127\.0\.0\.1|invalid|:\d/);
    }
  });

  test('A call without chunks times out before the first chunk and between chunks, even if there are comments', async () => {
    const silent: Stage = (_request, response) => {
      openStream(response);
      const timer = setInterval(() => response.write(': ping\n\n'), 5);
      response.on('close', () => clearInterval(timer));
    };
    const { staged, api } = await setUp([silent], { firstTokenTimeoutMs: 100 });
    expect((await failureOf(api)).message).toContain('did not begin its response in time');
    await staged.requests[0]?.hungUp;

    const stalled: Stage = (request, response) => {
      void silent(request, response);
      sendChunk(response, toChunk({ content: 'Half' }));
    };
    const second = await setUp([stalled], { timeoutMs: 100 });
    expect((await failureOf(second.api)).message).toContain('fell silent');
    await second.staged.requests[0]?.hungUp;
    expect(second.staged.requests).toHaveLength(1);
  });

  test('An abort cancels the call of the model API and throws the reason', async () => {
    const { staged, api } = await setUp([
      (_request, response) => {
        openStream(response);
        sendChunk(response, toChunk({ content: 'Half' }));
      },
    ]);
    const controller = new AbortController();
    const reason = new Error('cancelled');
    const texts: string[] = [];
    const reading = (async () => {
      for await (const chunk of api.complete(REQUEST, { signal: controller.signal })) {
        if (chunk.type === 'text') texts.push(chunk.text);
        controller.abort(reason);
      }
    })();
    await expect(reading).rejects.toBe(reason);
    await staged.requests[0]?.hungUp;
    expect(texts).toEqual(['Half']);
  });

  test('An event without an end fails at a limit of its size', async () => {
    const { api } = await setUp([
      (_request, response) => {
        openStream(response);
        response.end(`data: ${'x'.repeat(3_000_000)}`);
      },
    ]);
    expect((await failureOf(api)).message).toContain('too large');
  });
});

test('Models are listed from every form of the list', async () => {
  for (const body of [
    { object: 'list', data: [{ id: 'a', created: 5, owned_by: 'x' }, { id: 'b' }, {}] },
    [{ id: 'a', created: 5, owned_by: 'x' }, { id: 'b' }],
  ]) {
    const { staged, api } = await setUp([
      (_request, response) => void response.setHeader('content-type', 'application/json').end(JSON.stringify(body)),
    ]);
    expect(await api.listModels({ signal: new AbortController().signal })).toEqual([
      { id: 'a', object: 'model', created: 5, owned_by: 'x' },
      { id: 'b', object: 'model', created: 0, owned_by: 'unknown' },
    ]);
    expect(staged.requests[0]?.path).toBe('/v1/models');
  }
});

test('A reader that stops early cancels the call', async () => {
  const { staged, api } = await setUp([
    (_request, response) => {
      openStream(response);
      sendChunk(response, toChunk({ content: 'one' }));
      sendChunk(response, toChunk({ content: 'two' }));
    },
  ]);
  for await (const chunk of api.complete(REQUEST, { signal: new AbortController().signal })) {
    expect(chunk).toEqual({ type: 'text', text: 'one' });
    break;
  }
  await staged.requests[0]?.hungUp;
});

test('A proxy is used for addresses of other machines', async () => {
  const { staged } = await setUp([textStage('through the proxy')]);
  const targets: string[] = [];
  const proxy = createServer().on('connect', (request, socket) => {
    targets.push(request.url ?? '');
    const tunnel = connect(Number(new URL(staged.url).port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      tunnel.pipe(socket).pipe(tunnel);
    });
    tunnel.on('error', () => socket.destroy());
    socket.on('error', () => tunnel.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  cleanUpLater(() => proxy.close());
  const { port } = proxy.address() as AddressInfo;
  const proxies = { http: new URL(`http://127.0.0.1:${port}`), https: null, noProxy: '' };
  const { api } = await setUp([], { baseUrl: 'http://model.example/v1', proxies });
  expect((await collect(api)).text).toBe('through the proxy');
  expect(targets).toEqual(['model.example:80']);
});
