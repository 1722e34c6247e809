import { beforeAll, describe, expect, test } from '@jest/globals';
import { call, create, createFolder, startHere } from './support.ts';

let url: string;
beforeAll(async () => void ({ url } = await startHere()));

const everything = {
  model: 'gpt-4o',
  name: 'Ada',
  description: 'counts',
  instructions: 'Count.',
  tools: [
    { type: 'code_interpreter' },
    {
      type: 'file_search',
      file_search: { max_num_results: 50, ranking_options: { ranker: 'auto', score_threshold: 0.5 } },
    },
    { type: 'function', function: { name: 'add', description: '+', parameters: { type: 'object' }, strict: null } },
  ],
  tool_resources: { code_interpreter: { file_ids: ['file-1'] }, file_search: { vector_store_ids: ['vs_1'] } },
  metadata: { team: 'a' },
  temperature: 0.2,
  top_p: 0.9,
  reasoning_effort: 'xhigh',
  response_format: { type: 'json_schema', json_schema: { name: 'sum', schema: { type: 'object' }, strict: true } },
};

const modify = (id: string, body: unknown) => call(url, `POST /assistants/${id}`, { body });
const retrieve = (id: string) => call(url, `GET /assistants/${id}`);

describe('create', () => {
  test('responds 201 with every member, and with defaults for omitted ones', async () => {
    const before = Math.floor(Date.now() / 1000);
    const { status, body } = await call(url, 'POST /assistants', { body: { model: 'gpt-4o' } });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(/^asst_[A-Za-z0-9]{24}$/),
      object: 'assistant',
      created_at: expect.any(Number),
      name: null,
      description: null,
      model: 'gpt-4o',
      instructions: null,
      tools: [],
      tool_resources: null,
      metadata: {},
      temperature: 1,
      top_p: 1,
      reasoning_effort: null,
      response_format: 'auto',
    });
    expect(Number.isInteger(body['created_at'])).toBe(true);
    expect(body['created_at']).toBeGreaterThanOrEqual(before);
  });

  test('stores every member unchanged', async () => {
    const { body } = await call(url, 'POST /assistants', { body: everything });
    expect(body).toMatchObject(everything);
    expect((await retrieve(String(body['id']))).body).toEqual(body);
  });

  test('stores null, and returns an empty object for metadata of null', async () => {
    const nulls = {
      name: null,
      tool_resources: null,
      temperature: null,
      top_p: null,
      reasoning_effort: null,
      response_format: null,
    };
    const id = await create(url, { ...nulls, metadata: null });
    expect((await retrieve(id)).body).toMatchObject({ ...nulls, metadata: {} });
  });

  test('creates the vector store of the body and attaches it', async () => {
    const vectorStore = {
      file_ids: ['file-1'],
      metadata: { a: 'b' },
      chunking_strategy: { type: 'static', static: { max_chunk_size_tokens: 100, chunk_overlap_tokens: 50 } },
    };
    const id = await create(url, { tool_resources: { file_search: { vector_stores: [vectorStore] } } });
    expect((await retrieve(id)).body['tool_resources']).toEqual({
      file_search: { vector_store_ids: [expect.stringMatching(/^vs_[A-Za-z0-9]{24}$/)] },
    });
  });

  test('returns empty lists for empty resources', async () => {
    const id = await create(url, { tool_resources: { code_interpreter: {}, file_search: {} } });
    expect((await retrieve(id)).body['tool_resources']).toEqual({
      code_interpreter: { file_ids: [] },
      file_search: { vector_store_ids: [] },
    });
  });
});

describe('values', () => {
  test('of text are returned unchanged: NUL, lone surrogates, characters beyond the basic plane', async () => {
    const name = 'a\u0000b\ud800c\udc00d😀\u2028e\u007f"\\\n';
    const id = await create(url, { name, metadata: { [name]: name } });
    expect((await retrieve(id)).body).toMatchObject({ name, metadata: { [name]: name } });
  });

  test('of JSON Schemas are returned as the same text: order, __proto__, constructor', async () => {
    const schema =
      '{"z":1,"__proto__":{"b":[1.5,-2e-7,{"__proto__":null}],"a":9007199254740991},"constructor":"x","a":{}}';
    const made = await call(url, 'POST /assistants', {
      body: `{"model":"m","tools":[{"type":"function","function":{"name":"f","parameters":${schema}}}]}`,
    });
    expect(made.text).toContain(`"parameters":${schema}`);
    expect((await modify(String(made.body['id']), { name: 'n' })).text).toContain(`"parameters":${schema}`);
    expect(({} as Record<string, unknown>)['b']).toBeUndefined();
  });

  test('of metadata are returned under the key __proto__ as well', async () => {
    const { text } = await call(url, 'POST /assistants', { body: '{"model":"m","metadata":{"__proto__":"x"}}' });
    expect(text).toContain('"metadata":{"__proto__":"x"}');
  });

  test('are counted in code points', async () => {
    await create(url, { name: '😀'.repeat(256) });
    const { status, body } = await call(url, 'POST /assistants', { body: { model: 'm', name: '😀'.repeat(257) } });
    expect([status, body['param']]).toEqual([400, 'name']);
  });
});

describe('modify', () => {
  test('changes the members of the body only', async () => {
    const id = await create(url, everything);
    const { body: before } = await retrieve(id);
    const reply = await modify(id, { model: 'gpt-5', tools: [], metadata: { other: 'b' } });
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual({ ...before, model: 'gpt-5', tools: [], metadata: { other: 'b' } });
    expect((await retrieve(id)).text).toBe(reply.text);
  });

  test('with an empty body changes nothing', async () => {
    const id = await create(url, everything);
    const { text } = await retrieve(id);
    const reply = await modify(id, {});
    expect([reply.status, reply.text]).toEqual([200, text]);
  });

  test.each([
    'name',
    'description',
    'instructions',
    'tool_resources',
    'temperature',
    'top_p',
    'reasoning_effort',
    'response_format',
  ])('sets %s to null', async (member) => {
    const id = await create(url, everything);
    expect((await modify(id, { [member]: null })).body[member]).toBeNull();
    expect((await retrieve(id)).body[member]).toBeNull();
  });

  test('sets metadata of null to an empty object', async () => {
    const id = await create(url, everything);
    expect((await modify(id, { metadata: null })).body['metadata']).toEqual({});
  });

  test.each(['model', 'tools'])('rejects null for %s', async (member) => {
    const id = await create(url, everything);
    const { status, body } = await modify(id, { [member]: null });
    expect([status, body['param']]).toEqual([400, member]);
  });

  test('that is rejected changes nothing', async () => {
    const id = await create(url, everything);
    const { text } = await retrieve(id);
    expect((await modify(id, { name: 'x', temperature: 3 })).status).toBe(400);
    expect((await retrieve(id)).text).toBe(text);
  });

  test('cannot make an assistant larger than a body may be', async () => {
    const parameters = { x: 'x'.repeat(5 * 1024 * 1024) };
    const id = await create(url, { tools: [{ type: 'function', function: { name: 'f', parameters } }] });
    const { text } = await retrieve(id);
    const reply = await modify(id, {
      response_format: { type: 'json_schema', json_schema: { name: 's', schema: parameters } },
    });
    expect(reply.status).toBe(413);
    expect((await retrieve(id)).text).toBe(text);
  });
});

describe('delete', () => {
  test('confirms the delete, and the assistant no longer exists', async () => {
    const id = await create(url);
    const reply = await call(url, `DELETE /assistants/${id}`);
    expect([reply.status, reply.body]).toEqual([200, { id, object: 'assistant.deleted', deleted: true }]);
    expect((await retrieve(id)).status).toBe(404);
    expect((await modify(id, {})).status).toBe(404);
    expect((await call(url, `DELETE /assistants/${id}`)).status).toBe(404);
  });
});

describe('accounts', () => {
  test('cannot read, modify, delete or page from the assistants of another key', async () => {
    const id = await create(url, {}, { key: 'mine' });
    const other = { key: 'theirs' };
    expect((await call(url, `GET /assistants/${id}`, other)).status).toBe(404);
    expect((await call(url, `POST /assistants/${id}`, { ...other, body: { name: 'x' } })).status).toBe(404);
    expect((await call(url, `DELETE /assistants/${id}`, other)).status).toBe(404);
    expect((await call(url, 'GET /assistants', other)).body['data']).toEqual([]);
    expect((await call(url, `GET /assistants?after=${id}`, other)).status).toBe(400);
    expect((await call(url, `GET /assistants/${id}`, { key: 'mine' })).status).toBe(200);
  });

  test('are the same after a restart', async () => {
    const dataDir = await createFolder();
    const first = await startHere({ dataDir });
    const id = await create(first.url);
    await first.stop();
    const second = await startHere({ dataDir });
    expect((await call(second.url, `GET /assistants/${id}`)).status).toBe(200);
  });

  test('start without assistants', async () => {
    const { text } = await call(url, 'GET /assistants', { key: 'fresh' });
    expect(text).toBe('{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}');
  });
});
