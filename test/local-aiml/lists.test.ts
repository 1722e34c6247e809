import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { pageSql } from '../../src/local-aiml/store/sqlite/entity-table.ts';
import { openStoreFile } from '../../src/local-aiml/store/sqlite/file.ts';
import { call, create, createFolder, idsOf, startHere } from './support.ts';

/** Some have the same second, and the clock goes back once: the order is by `created_at`, then by insertion. */
const SECONDS = [5, 5, 7, 6, 9, 5];

let url: string;
const ascending: string[] = [];
beforeAll(async () => {
  ({ url } = await startHere());
  const made: { id: string; second: number }[] = [];
  for (const second of SECONDS) {
    jest.spyOn(Date, 'now').mockReturnValue(second * 1000 + 999);
    made.push({ id: await create(url), second });
  }
  jest.restoreAllMocks();
  made.sort((a, b) => a.second - b.second);
  ascending.push(...made.map(({ id }) => id));
});

describe('a list', () => {
  test('has 20 items, newest first, without parameters', async () => {
    const key = randomUUID();
    const ids: string[] = [];
    for (let i = 0; i < 21; i++) ids.unshift(await create(url, {}, { key }));
    const { status, body } = await call(url, 'GET /assistants', { key });
    expect(status).toBe(200);
    expect(body).toMatchObject({ object: 'list', first_id: ids[0], last_id: ids[19], has_more: true });
    expect(body['data']).toHaveLength(20);
  });

  test('contains the same assistants as reads by id', async () => {
    const { body } = await call(url, 'GET /assistants?order=asc&limit=1');
    const { body: assistant } = await call(url, `GET /assistants/${String(ascending[0])}`);
    expect(body['data']).toEqual([assistant]);
  });

  test.each(['asc', 'desc'])('has every page of order %s, with every cursor in both directions', async (order) => {
    const all = order === 'asc' ? ascending : ascending.toReversed();
    const cursors = [undefined, ...all];
    for (const after of cursors)
      for (const before of cursors)
        for (const limit of [1, 3, 100]) {
          const start = after === undefined ? 0 : all.indexOf(after) + 1;
          const end = before === undefined ? all.length : all.indexOf(before);
          const between = all.slice(start, Math.max(start, end));
          const isBackward = before !== undefined && after === undefined;
          const page = isBackward ? between.slice(-limit) : between.slice(0, limit);

          const query = new URLSearchParams({ order, limit: String(limit) });
          if (after !== undefined) query.set('after', after);
          if (before !== undefined) query.set('before', before);
          const reply = await call(url, `GET /assistants?${query.toString()}`);

          expect({ query: query.toString(), ids: idsOf(reply), hasMore: reply.body['has_more'] }).toEqual({
            query: query.toString(),
            ids: page,
            hasMore: between.length > limit,
          });
          expect([reply.body['first_id'], reply.body['last_id']]).toEqual([page.at(0) ?? null, page.at(-1) ?? null]);
        }
  });

  test('has a shorter page with has_more if its assistants are too large together', async () => {
    const key = randomUUID();
    const parameters = { x: 'x'.repeat(3 * 1024 * 1024) };
    const body = { tools: [{ type: 'function', function: { name: 'f', parameters } }] };
    const ids = [await create(url, body, { key }), await create(url, body, { key }), await create(url, body, { key })];
    const first = await call(url, 'GET /assistants?order=asc', { key });
    expect([idsOf(first), first.body['has_more']]).toEqual([ids.slice(0, 2), true]);
    const second = await call(url, `GET /assistants?order=asc&after=${String(ids[1])}`, { key });
    expect([idsOf(second), second.body['has_more']]).toEqual([ids.slice(2), false]);
  });

  test.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['order=up', 'order'],
    ['order=', 'order'],
    ['after=asst_unknown', 'after'],
    ['after=', 'after'],
    ['after=%00', 'after'],
    ['before=asst_unknown', 'before'],
    ['before=a&before=b', 'before'],
  ])('rejects ?%s and names the parameter', async (query, param) => {
    const { status, body } = await call(url, `GET /assistants?${query}`);
    expect([status, body['param']]).toEqual([400, param]);
  });

  test('rejects the cursor of a deleted assistant', async () => {
    const id = await create(url, {}, { key: 'deleted' });
    await call(url, `DELETE /assistants/${id}`, { key: 'deleted' });
    expect((await call(url, `GET /assistants?after=${id}`, { key: 'deleted' })).status).toBe(400);
  });

  test('is read from the index only, starting at the cursor, in both orders', async () => {
    const database = await openStoreFile(await createFolder());
    for (const table of ['assistants', 'threads', 'messages', 'runs', 'steps'])
      for (const direction of ['ASC', 'DESC'] as const)
        expect(
          database.prepare(`EXPLAIN QUERY PLAN ${pageSql(table, 'bytes', direction)}`).all('a', 0, 0, 9, 9, 1),
        ).toEqual([
          expect.objectContaining({
            detail:
              `SEARCH ${table} USING COVERING INDEX ${table}_in_order ` +
              '(parent=? AND (created_at,sequence)>(?,?) AND (created_at,sequence)<(?,?))',
          }),
        ]);
    database.close();
  });
});
