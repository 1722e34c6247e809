import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startRecordedService, type RecordedService } from './recorded-service.ts';

const COUNT = 45;
let service: RecordedService;
let oldestFirst: string[] = [];

beforeAll(async () => {
  service = await startRecordedService();
  oldestFirst = [];
  for (let index = 0; index < COUNT; index += 1) {
    const { createAssistant } = await service.data<{ createAssistant: { assistant: { id: string } } }>(
      'mutation { createAssistant(input: { model: "m" }) { assistant { id } } }',
    );
    oldestFirst.push(createAssistant.assistant.id);
  }
});
afterAll(() => service.stop());
beforeEach(() => void service.upstreamCalls());

const LIST = `query ($first: Int, $after: String, $last: Int, $before: String, $order: SortOrder! = DESC) {
  assistants(first: $first, after: $after, last: $last, before: $before, order: $order) {
    edges { cursor } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

interface Connection {
  readonly edges: readonly { readonly cursor: string }[];
  readonly nodes: readonly { readonly id: string }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

const list = async (variables: Readonly<Record<string, unknown>>): Promise<Connection> =>
  (await service.data<{ assistants: Connection }>(LIST, variables)).assistants;
const idsOf = ({ nodes }: Connection): string[] => nodes.map(({ id }) => id);
const inOrder = (order: string): string[] => (order === 'ASC' ? oldestFirst : oldestFirst.toReversed());

describe('a list of 45', () => {
  test.each(['ASC', 'DESC'])('is read forward page by page, with one call each (%s)', async (order) => {
    const pages: Connection[] = [];
    let after: string | null = null;
    do {
      const page: Connection = await list({ first: 10, after, order });
      pages.push(page);
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    } while (after !== null);
    expect(pages.flatMap(idsOf)).toEqual(inOrder(order));
    expect(pages.map(({ nodes }) => nodes.length)).toEqual([10, 10, 10, 10, 5]);
    expect(pages.map(({ pageInfo }) => pageInfo.hasPreviousPage)).toEqual([false, true, true, true, true]);
    for (const page of pages) expect(page.edges.map(({ cursor }) => cursor)).toEqual(idsOf(page));
    expect(service.upstreamCalls()).toHaveLength(5);
  });

  test.each(['ASC', 'DESC'])('is read backward page by page, with one call each (%s)', async (order) => {
    const pages: Connection[] = [];
    let before: string | null = null;
    do {
      const page: Connection = await list({ last: 10, before, order });
      pages.unshift(page);
      before = page.pageInfo.hasPreviousPage ? page.pageInfo.startCursor : null;
    } while (before !== null);
    expect(pages.flatMap(idsOf)).toEqual(inOrder(order));
    expect(pages.map(({ nodes }) => nodes.length)).toEqual([5, 10, 10, 10, 10]);
    expect(pages.map(({ pageInfo }) => pageInfo.hasNextPage)).toEqual([true, true, true, true, false]);
    expect(service.upstreamCalls()).toHaveLength(5);
  });

  test('has pages of 20 if no size is given', async () => {
    const page = await list({});
    expect(idsOf(page)).toEqual(inOrder('DESC').slice(0, 20));
    expect(service.upstreamCalls()).toEqual([['GET /assistants?limit=21&order=desc', null]]);
  });

  test('has one page if the size is 100', async () => {
    const { nodes, pageInfo } = await list({ first: 100 });
    expect([nodes.length, pageInfo.hasNextPage, pageInfo.hasPreviousPage]).toEqual([COUNT, false, false]);
  });

  test('rejects a cursor that upstream does not have, with the name of its argument', async () => {
    for (const [argument, variables] of [
      ['after', { first: 5, after: 'asst_gone' }],
      ['before', { last: 5, before: 'asst_gone' }],
    ] as const) {
      const { status, errors } = await service.query(LIST, variables);
      expect(status).toBe(200);
      expect(errors).toMatchObject([
        {
          message: expect.stringContaining(`"${argument}"`),
          extensions: { code: 'BAD_USER_INPUT', reason: 'CURSOR_UNKNOWN' },
        },
      ]);
    }
  });

  test.each(['messages', 'runs'])('rejects a cursor of a thread whose node does not exist (%s)', async (field) => {
    const { createThread } = await service.data<{ createThread: { thread: { id: string } } }>(
      'mutation { createThread(input: { messages: [{ text: "Hi" }] }) { thread { id } } }',
    );
    const { data, errors } = await service.query(
      `query ($id: ID!) { thread(id: $id) { id ${field}(after: "none_1") { nodes { id } } } }`,
      { id: createThread.thread.id },
    );
    expect(data).toEqual({ thread: null });
    expect(errors).toMatchObject([
      { path: ['thread', field], extensions: { code: 'BAD_USER_INPUT', reason: 'CURSOR_UNKNOWN' } },
    ]);
  });

  test('gives no reason for other bad input', async () => {
    const { errors } = await service.query(LIST, { first: 0 });
    expect(errors?.[0]?.extensions).not.toHaveProperty('reason');
  });

  test('rejects conflicting arguments without a call', async () => {
    service.upstreamCalls();
    const { status, errors } = await service.query(LIST, { first: 0, last: 101, after: '../x' });
    expect(status).toBe(200);
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(service.upstreamCalls()).toEqual([]);
  });
});
