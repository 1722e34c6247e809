import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startRecordedService, type RecordedService } from './recorded-service.ts';

let service: RecordedService;
beforeAll(async () => {
  service = await startRecordedService();
});
afterAll(() => service.stop());
beforeEach(() => void service.upstreamCalls());

const FIELDS = `id model name description instructions metadata temperature topP reasoningEffort
  tools { type ... on FileSearchTool { maxNumResults rankingOptions { ranker scoreThreshold } }
    ... on FunctionTool { name description parameters strict } }
  toolResources { codeInterpreter { fileIds } fileSearch { vectorStoreIds } }
  responseFormat { type jsonSchema { name description schema strict } }`;
const CREATE = `mutation ($input: CreateAssistantInput!) {
  createAssistant(input: $input) { assistant { ${FIELDS} } userErrors { code field message } }
}`;
const UPDATE = `mutation ($input: UpdateAssistantInput!) {
  updateAssistant(input: $input) { assistant { ${FIELDS} } userErrors { code field message } }
}`;
const DELETE = `mutation ($input: DeleteAssistantInput!) {
  deleteAssistant(input: $input) { deletedAssistantId userErrors { code field message } }
}`;
const READ = `query ($id: ID!) { assistant(id: $id) { ${FIELDS} } }`;

interface Payload {
  readonly assistant: Readonly<Record<string, unknown>> & { readonly id: string };
  readonly userErrors: readonly unknown[];
}

const create = async (input: object): Promise<Payload> =>
  (await service.data<{ createAssistant: Payload }>(CREATE, { input: { model: 'gpt-4o', ...input } })).createAssistant;
const update = async (input: object): Promise<Payload> =>
  (await service.data<{ updateAssistant: Payload }>(UPDATE, { input })).updateAssistant;
const read = async (id: string): Promise<unknown> =>
  (await service.data<{ assistant: unknown }>(READ, { id })).assistant;

const parameters = { type: 'object', properties: { place: { type: 'string', default: null } } };
const everything = {
  model: 'gpt-4o',
  name: 'Wörld 😀 \u0000"\n',
  description: 'd',
  instructions: 'i',
  tools: [
    { codeInterpreter: true },
    { fileSearch: { maxNumResults: 5, rankingOptions: { ranker: 'auto', scoreThreshold: 0.5 } } },
    { function: { name: 'f', description: 'd', parameters, strict: false } },
  ],
  toolResources: { codeInterpreter: { fileIds: ['file-1'] } },
  metadata: { team: 'support', '': '', ключ: '値' },
  temperature: 0,
  topP: 0.5,
  reasoningEffort: 'low',
  responseFormat: { jsonSchema: { name: 's', description: 'd', schema: parameters, strict: true } },
};
const everythingRead = {
  ...everything,
  tools: [
    { type: 'code_interpreter' },
    { type: 'file_search', maxNumResults: 5, rankingOptions: { ranker: 'auto', scoreThreshold: 0.5 } },
    { type: 'function', name: 'f', description: 'd', parameters, strict: false },
  ],
  responseFormat: { type: 'JSON_SCHEMA', jsonSchema: everything.responseFormat.jsonSchema },
};

describe('an assistant', () => {
  test('has the same values in every field after create and read, with one call each', async () => {
    const { assistant, userErrors } = await create(everything);
    expect(userErrors).toEqual([]);
    expect(assistant).toMatchObject(everythingRead);
    expect(await read(assistant.id)).toEqual(assistant);
    expect(service.upstreamCalls().map(([line]) => line)).toEqual([
      'POST /assistants',
      `GET /assistants/${assistant.id}`,
    ]);
  });

  test('keeps the fields that an update omits, and clears those that are null', async () => {
    const { assistant } = await create(everything);
    service.upstreamCalls();
    const stored = await update({ id: assistant.id, name: 'new' });
    expect(stored.assistant).toEqual({ ...assistant, name: 'new' });
    const cleared = await update({
      id: assistant.id,
      name: null,
      description: null,
      instructions: null,
      tools: null,
      toolResources: null,
      metadata: null,
      reasoningEffort: null,
    });
    expect(cleared.assistant).toMatchObject({
      name: null,
      description: null,
      instructions: null,
      tools: [],
      metadata: {},
      reasoningEffort: null,
      temperature: 0,
    });
    expect(await read(assistant.id)).toEqual(cleared.assistant);
    expect(service.upstreamCalls()).toEqual([
      [`POST /assistants/${assistant.id}`, { name: 'new' }],
      [
        `POST /assistants/${assistant.id}`,
        {
          name: null,
          description: null,
          instructions: null,
          tools: [],
          tool_resources: null,
          metadata: null,
          reasoning_effort: null,
        },
      ],
      [`GET /assistants/${assistant.id}`, null],
    ]);
  });

  test('is read and not written by an update with an id only', async () => {
    const { assistant } = await create({ name: 'n' });
    service.upstreamCalls();
    expect((await update({ id: assistant.id })).assistant).toEqual(assistant);
    expect(service.upstreamCalls()).toEqual([[`GET /assistants/${assistant.id}`, null]]);
  });

  test('is created with the fields of the input, and null is the same as an omitted field', async () => {
    await create({ name: null, tools: null, toolResources: { fileSearch: { vectorStoreIds: null } }, metadata: null });
    expect(service.upstreamCalls()).toEqual([['POST /assistants', { model: 'gpt-4o' }]]);
  });

  test('uses the vector store that is created with it', async () => {
    const { assistant, userErrors } = await create({
      tools: [{ fileSearch: {} }],
      toolResources: {
        fileSearch: {
          vectorStores: [
            {
              metadata: { a: 'b' },
              chunkingStrategy: { static: { maxChunkSizeTokens: 800, chunkOverlapTokens: 400 } },
            },
          ],
        },
      },
    });
    expect(userErrors).toEqual([]);
    expect(assistant['toolResources']).toMatchObject({ fileSearch: { vectorStoreIds: [expect.any(String)] } });
  });

  test('does not exist after it is deleted', async () => {
    const { assistant } = await create({});
    const input = { id: assistant.id };
    expect(await service.data(DELETE, { input })).toEqual({
      deleteAssistant: { deletedAssistantId: assistant.id, userErrors: [] },
    });
    expect(await read(assistant.id)).toBeNull();
    const notFound = { code: 'NOT_FOUND', field: ['input', 'id'] };
    expect(await service.data(DELETE, { input })).toMatchObject({
      deleteAssistant: { deletedAssistantId: null, userErrors: [notFound] },
    });
    expect(await service.data(UPDATE, { input: { ...input, name: 'n' } })).toMatchObject({
      updateAssistant: { assistant: null, userErrors: [notFound] },
    });
    expect(await service.data(UPDATE, { input })).toMatchObject({
      updateAssistant: { assistant: null, userErrors: [notFound] },
    });
  });
});

describe('an error that the client can fix', () => {
  test('is reported together with all others, with their paths, and nothing is sent', async () => {
    const { data } = await service.query(CREATE, {
      input: {
        model: ' ',
        tools: [{ codeInterpreter: false }, { function: { name: 'a b' } }],
        metadata: { a: 'x'.repeat(513) },
        temperature: 2.5,
      },
    });
    expect(data).toMatchObject({
      createAssistant: {
        assistant: null,
        userErrors: [
          { code: 'BLANK', field: ['input', 'model'] },
          { code: 'INVALID', field: ['input', 'tools', '0', 'codeInterpreter'] },
          { code: 'INVALID', field: ['input', 'tools', '1', 'function', 'name'] },
          { code: 'TOO_LONG', field: ['input', 'metadata'] },
          { code: 'OUT_OF_RANGE', field: ['input', 'temperature'] },
        ],
      },
    });
    expect(await service.data(UPDATE, { input: { id: '../x', model: null } })).toMatchObject({
      updateAssistant: {
        userErrors: [
          { code: 'INVALID', field: ['input', 'id'] },
          { code: 'BLANK', field: ['input', 'model'] },
        ],
      },
    });
    expect(await service.data(DELETE, { input: { id: '..' } })).toMatchObject({
      deleteAssistant: { userErrors: [{ code: 'INVALID', field: ['input', 'id'] }] },
    });
    expect(service.upstreamCalls()).toEqual([]);
  });

  test('is reported if not exactly one field of a oneOf input is set, and nothing is sent', async () => {
    for (const tools of [[{}], [{ codeInterpreter: true, fileSearch: {} }], [{ function: null }]]) {
      const { status, errors } = await service.query(CREATE, { input: { model: 'm', tools } });
      expect([status, errors?.[0]?.extensions['code']]).toEqual([400, 'BAD_USER_INPUT']);
    }
    const literal = await service.query(
      'mutation { createAssistant(input: { model: "m", tools: [{}] }) { userErrors { code } } }',
    );
    expect([literal.status, literal.errors?.[0]?.extensions['code']]).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
    expect(service.upstreamCalls()).toEqual([]);
  });
});

describe('node and nodes', () => {
  test('return assistants by id, with one call for each', async () => {
    const { assistant: one } = await create({ name: 'one' });
    const { assistant: two } = await create({ name: 'two' });
    service.upstreamCalls();
    const ids = [two.id, 'asst_none', one.id, two.id];
    const document =
      'query ($id: ID!, $ids: [ID!]!) { node(id: $id) { __typename id } nodes(ids: $ids) { id ... on Assistant { name } } }';
    expect(await service.data(document, { id: one.id, ids })).toEqual({
      node: { __typename: 'Assistant', id: one.id },
      nodes: [{ id: two.id, name: 'two' }, null, { id: one.id, name: 'one' }, { id: two.id, name: 'two' }],
    });
    expect(
      service
        .upstreamCalls()
        .map(([line]) => line)
        .sort(),
    ).toEqual([one.id, two.id, 'asst_none'].map((id) => `GET /assistants/${id}`).sort());
  });

  test('make no call if one of the ids is invalid', async () => {
    const { errors } = await service.query('{ nodes(ids: ["a", "../b"]) { id } }');
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(service.upstreamCalls()).toEqual([]);
  });
});
