// Responses that are large, and responses that are too large. Whether the event loop turns meanwhile shows how they are
// made.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sendJson, startScriptedUpstream, wireAssistant, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { writeJson } from '../../src/graphql/execution/json-writer.ts';
import { casesOf, slowTest } from '../support/slow.ts';
import { startServiceOn, type GraphQLHttpResponse, type TestService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { openSocket } from '../support/websocket.ts';

const MiB = 1024 * 1024;
let upstream: ScriptedUpstream;
let service: TestService;

/** Characters of three and of four bytes, which no chunk may split, and characters that JSON must escape. */
const TEXT = '"€"\n🙂x'.repeat(12_000);
const tools = Array.from({ length: 128 }, (_, index) => ({
  type: 'function',
  function: {
    name: `f${index}`,
    description: null,
    parameters: { a: { b: [1, null, 'p'.repeat(300)] } },
    strict: null,
  },
}));

beforeAll(async () => {
  upstream = await startScriptedUpstream(({ method, path }, response) => {
    const { pathname, searchParams } = new URL(path, 'http://upstream');
    const id = pathname.split('/').at(2);
    if (id?.startsWith('huge')) sendJson(response, 200, wireAssistant(id, { instructions: 'x'.repeat(10 * MiB) }));
    else if (id === 'forbidden') sendJson(response, 403, {});
    else if (id !== undefined || method === 'POST')
      sendJson(response, 200, wireAssistant(id ?? 'new', { instructions: 'x'.repeat(2 * MiB) }));
    else {
      const data = Array.from({ length: Number(searchParams.get('limit')) }, (_, index) =>
        wireAssistant(`a${index}`, { instructions: TEXT, tools }),
      );
      sendJson(response, 200, { object: 'list', data, has_more: false });
    }
  });
  service = await startServiceOn(upstream, { AIML_API_KEY: 'test-key' });
});
afterAll(async () => {
  await service.stop();
  await upstream.stop();
});
beforeEach(() => {
  upstream.calls.length = 0;
});

const aliases = (count: number, field: string): string =>
  Array.from({ length: count }, (_, index) => `a${index}: ${field}`).join(' ');

/** Twice: the second time the operation is in the cache. */
async function twice(document: string, variables?: unknown): Promise<GraphQLHttpResponse> {
  await service.query(document, variables);
  return service.query(document, variables);
}

function expectTooLarge({ status, data, errors, headers }: GraphQLHttpResponse, key: string): void {
  expect([status, data]).toEqual([200, null]);
  expect(errors).toEqual([
    {
      message: 'The response would be larger than 32 MiB: request less at a time.',
      path: [key],
      extensions: { code: 'UPSTREAM_BAD_RESPONSE', retryable: false, requestId: headers.get('x-request-id') },
    },
  ]);
}

describe('a response of more than 32 MiB', () => {
  test.each(
    casesOf<readonly [string, string, string]>(1, [
      ['texts', `{ list: assistants(first: 30) { nodes { ${aliases(29, 'instructions')} } } }`, 'list'],
      [
        'several fields together',
        `{ ${Array.from({ length: 5 }, (_, index) => `l${index}: assistants(first: 40) { nodes { b: instructions instructions } edges { node { instructions } } }`).join(' ')} }`,
        'l2',
      ],
      [
        'JSON',
        `{ list: assistants(first: 30) { nodes { tools { ... on FunctionTool { ${aliases(29, 'parameters')} } } } } }`,
        'list',
      ],
    ]),
  )('because of %s is an error instead', async (_name, document, key) => {
    const response = await twice(document);
    expect(response.errors?.[0]?.path?.[0]).toEqual(expect.any(String));
    expectTooLarge(response, key === 'l2' ? String(response.errors?.[0]?.path?.[0]) : key);
  });

  slowTest('is an error if graphql-js makes it as well', async () => {
    // A plan does not support this name.
    const document = `{ list: assistants(first: 30) { nodes { __proto__: id ${aliases(28, 'instructions')} } } }`;
    expectTooLarge(await twice(document), 'list');
  });

  test('of a mutation is an error that says that changes may have been made, and no further field runs', async () => {
    const update = (id: string): string =>
      `${id}: updateAssistant(input: { id: "${id}", name: "n" }) { assistant { ${aliases(9, 'instructions')} } }`;
    const { data, errors } = await service.query(`mutation { ${update('one')} ${update('two')} ${update('three')} }`);
    expect(data).toBeNull();
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'UPSTREAM_BAD_RESPONSE',
      retryable: false,
      outcome: 'UNKNOWN',
    });
    expect(errors?.[0]?.path).toEqual(['two']);
    expect(upstream.lines()).toEqual(['POST /assistants/one', 'POST /assistants/two']);
  });
});

describe('a large response', () => {
  test('is complete to the last character', async () => {
    const { data, errors } = await twice(
      '{ assistants(first: 30) { nodes { id instructions tools { ... on FunctionTool { name parameters strict } } } } }',
    );
    expect(errors).toBeUndefined();
    const { nodes } = (
      data as { assistants: { nodes: readonly { id: string; instructions: string; tools: object[] }[] } }
    ).assistants;
    expect(nodes.map(({ id }) => id)).toEqual(Array.from({ length: 30 }, (_, index) => `a${index}`));
    expect(nodes.every(({ instructions }) => instructions === TEXT)).toBe(true);
    expect(nodes[29]?.tools).toEqual(
      tools.map(({ function: { name, parameters, strict } }) => ({ name, parameters, strict })),
    );
  });

  test.each(
    casesOf(1, [
      ['by a plan', 'tools { type }'],
      ['by graphql-js', 'tools { type __proto__: type }'],
    ]),
  )('is made %s in parts, with turns of the event loop in between', async (_name, fields) => {
    const document = `{ a: assistants(first: 40) { nodes { ${fields} } edges { node { ${fields} x: instructions } } } }`;
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    await service.query(document);
    count();
    const { text } = await service.query(document);
    isOver = true;
    expect(text.length).toBeGreaterThan(4 * MiB);
    // A part has 128 KiB or 2,000 fields.
    expect(turns).toBeGreaterThan(30);
  });

  test('has JSON exactly as it is, in parts of any size', async () => {
    const small: unknown = JSON.parse(
      '{"__proto__":{"a":[]},"b":"\\ud800\\u0000é","c":[null,{},1e-7,true],"":{"d":[[[]]]}}',
    );
    const list = Array.from({ length: 500 }, () => small);
    for (const value of [small, list, { small, list: { list }, long: 'é'.repeat(5000), end: [] }]) {
      const { chunks } = await writeJson(value, { bytes: 8 * MiB });
      expect(Buffer.concat(chunks).toString()).toBe(JSON.stringify(value));
    }
  });

  test('has the name of the root type after it', async () => {
    const { data, errors } = await twice('{ assistants(first: 30) { nodes { instructions } } __typename }');
    expect(errors).toBeUndefined();
    expect(data?.['__typename']).toBe('Query');
  });

  test('has errors beside the data', async () => {
    const { data, errors, headers } = await twice(
      '{ list: assistants(first: 30) { nodes { instructions } } bad: assistant(id: "forbidden") { id } }',
    );
    expect((data as { list: { nodes: object[] } }).list.nodes).toHaveLength(30);
    expect(data?.['bad']).toBeNull();
    expect(errors?.map(({ path, extensions }) => [path, extensions['code'], extensions['requestId']])).toEqual([
      [['bad'], 'FORBIDDEN', headers.get('x-request-id')],
    ]);
  });
});

test('an operation holds at most 32 MiB of upstream’s responses', async () => {
  const ids = ['huge1', 'huge2', 'huge3', 'huge4', 'huge5'];
  const { errors } = await service.query(`{ ${ids.map((id) => `${id}: assistant(id: "${id}") { id }`).join(' ')} }`);
  expect(errors?.length).toBeGreaterThan(0);
  expect(errors?.length).toBeLessThan(5);
  for (const { extensions } of errors ?? []) expect(extensions['code']).toBe('UPSTREAM_BAD_RESPONSE');
});

describe('a large result on another transport', () => {
  const document = '{ assistants(first: 10) { nodes { id instructions } } assistant(id: "forbidden") { id } }';
  const small = '{ assistant(id: "a1") { id } }';

  test('is the same on a WebSocket, beside small ones', async () => {
    const { data, errors = [] } = await service.query(document);
    const { subscribe, of } = await openSocket(service);
    for (const id of ['1', '2', '3']) {
      subscribe(`large ${id}`, document);
      subscribe(`small ${id}`, small);
    }
    for (const id of ['1', '2', '3']) {
      await until(() => of(`large ${id}`).length === 2 && of(`small ${id}`).length === 2);
      expect(of(`large ${id}`).map(({ type }) => type)).toEqual(['next', 'complete']);
      const [large] = of(`large ${id}`);
      expect(large?.payload).toEqual({
        data,
        errors: errors.map((error) => ({
          ...error,
          extensions: { ...error.extensions, requestId: expect.any(String) },
        })),
      });
      expect(of(`small ${id}`)[0]?.payload).toEqual({ data: { assistant: { id: 'a1' } } });
    }
  });

  test('is the same as server-sent events', async () => {
    const { data } = await service.query(document);
    const response = await fetch(`${service.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: document }),
    });
    const [, json = ''] =
      /^:\n\nevent: next\ndata: (.*)\n\nevent: complete\ndata: \n\n$/.exec(await response.text()) ?? [];
    expect(JSON.parse(json)).toMatchObject({ data });
  });
});
