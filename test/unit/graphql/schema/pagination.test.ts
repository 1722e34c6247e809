import 'reflect-metadata';
import { describe, expect, test } from '@jest/globals';
import { PublicError } from '../../../../src/runtime/errors.ts';
import {
  readPage,
  SortOrder,
  toPageRequest,
  type Page,
  type PageArguments,
  type PageRequest,
} from '../../../../src/graphql/schema/pagination.ts';
import { assistantsInOrder, InMemoryAssistants, type Generation } from '../in-memory-assistants.ts';
import type { Plain } from '../plain.ts';

const generations: readonly Generation[] = ['has-more', 'silent', 'generous'];
const orders = [SortOrder.ASC, SortOrder.DESC];
const request = (fields: Partial<Plain<PageArguments>>): PageRequest => {
  const page: Plain<PageArguments> = { order: SortOrder.DESC, ...fields };
  return toPageRequest(page);
};

/** The expected page, by its definition. */
function pageByDefinition(all: readonly string[], { isBackward, size, cursor }: PageRequest): Page<{ id: string }> {
  const at = cursor === null ? null : all.indexOf(cursor);
  const end = at ?? all.length;
  const [from, to] = isBackward ? [Math.max(0, end - size), end] : [(at ?? -1) + 1, (at ?? -1) + 1 + size];
  return {
    items: all.slice(from, to).map((id) => ({ id })),
    hasNextPage: to < all.length,
    hasPreviousPage: from > 0,
  };
}

describe('a page', () => {
  test.each(generations)(
    'matches its definition for every list, size, cursor, order and direction (%s)',
    async (generation) => {
      for (let count = 0; count <= 7; count += 1)
        for (const order of orders) {
          const oldestFirst = assistantsInOrder(count);
          const ids = oldestFirst.map(({ id }) => id);
          const all = order === 'asc' ? ids : ids.toReversed();
          for (const cursor of [null, ...ids])
            for (let size = 1; size <= 8; size += 1)
              for (const isBackward of [false, true]) {
                const page = { isBackward, size, cursor, order };
                const upstream = new InMemoryAssistants(oldestFirst, generation);
                const read = await readPage(page, (query) => upstream.list(query));
                expect({ page, ...read, items: read.items.map(({ id }) => ({ id })) }).toEqual({
                  page,
                  ...pageByDefinition(all, page),
                });
                expect(upstream.calls).toHaveLength(1);
              }
        }
    },
  );

  test.each(generations)('of the largest size reports correctly whether more follow (%s)', async (generation) => {
    for (const count of [99, 100, 101, 150])
      for (const isBackward of [false, true]) {
        const oldestFirst = assistantsInOrder(count);
        const upstream = new InMemoryAssistants(oldestFirst, generation);
        const page = { isBackward, size: 100, cursor: null, order: SortOrder.ASC };
        const read = await readPage(page, (query) => upstream.list(query));
        const expected = pageByDefinition(
          oldestFirst.map(({ id }) => id),
          page,
        );
        expect({ count, ...read, items: read.items.map(({ id }) => ({ id })) }).toEqual({ count, ...expected });
      }
  });

  test('of the largest size needs a second call only if upstream does not report whether more follow', async () => {
    const calls = async (count: number, generation: Generation): Promise<number> => {
      const upstream = new InMemoryAssistants(assistantsInOrder(count), generation);
      await readPage(request({ first: 100 }), (query) => upstream.list(query));
      return upstream.calls.length;
    };
    expect(await calls(150, 'has-more')).toBe(1);
    expect(await calls(99, 'silent')).toBe(1);
    expect(await calls(150, 'generous')).toBe(1);
    expect(await calls(100, 'silent')).toBe(2);
    expect(await calls(150, 'silent')).toBe(2);
  });

  test('requests one more than its size, in the opposite order if it is read backward', async () => {
    const upstream = new InMemoryAssistants(assistantsInOrder(9));
    await readPage(request({ first: 3, after: 'a5' }), (query) => upstream.list(query));
    await readPage(request({ last: 2, before: 'a5' }), (query) => upstream.list(query));
    await readPage(request({ last: 2, order: SortOrder.ASC }), (query) => upstream.list(query));
    await readPage(request({}), (query) => upstream.list(query));
    expect(upstream.calls).toEqual([
      ['list', { limit: 4, order: 'desc', after: 'a5' }],
      ['list', { limit: 3, order: 'asc', after: 'a5' }],
      ['list', { limit: 3, order: 'desc', after: null }],
      ['list', { limit: 21, order: 'desc', after: null }],
    ]);
  });

  test('that is empty has nothing after it, even if upstream reports that more follows', async () => {
    const page = await readPage(request({ first: 2 }), () => Promise.resolve({ data: [], hasMore: true }));
    expect(page).toEqual({ items: [], hasNextPage: false, hasPreviousPage: false });
  });

  test.each([
    ['after', { first: 2, after: 'unknown' }],
    ['after', { after: 'unknown' }],
    ['before', { last: 2, before: 'unknown' }],
  ] as const)('reports the argument %s if upstream does not know its cursor', async (argument, page) => {
    const upstream = new InMemoryAssistants(assistantsInOrder(3));
    const failure = await readPage(request(page), (query) => upstream.list(query)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(PublicError);
    expect(failure).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: `Argument "${argument}" is a cursor that upstream does not know.`,
    });
  });

  test('throws every other failure unchanged', async () => {
    const upstream = new InMemoryAssistants();
    upstream.failure = new PublicError({ code: 'UPSTREAM_TIMEOUT', message: 'Too late.', retryable: true });
    await expect(readPage(request({}), (query) => upstream.list(query))).rejects.toBe(upstream.failure);
  });
});

describe('the arguments of a page', () => {
  test.each([
    [{}, { isBackward: false, size: 20, cursor: null }],
    [
      { first: null, last: null, after: null, before: null },
      { isBackward: false, size: 20, cursor: null },
    ],
    [{ first: 1 }, { isBackward: false, size: 1, cursor: null }],
    [
      { first: 100, after: 'a_-Z9' },
      { isBackward: false, size: 100, cursor: 'a_-Z9' },
    ],
    [{ after: 'a' }, { isBackward: false, size: 20, cursor: 'a' }],
    [{ last: 1 }, { isBackward: true, size: 1, cursor: null }],
    [
      { last: 100, before: 'a' },
      { isBackward: true, size: 100, cursor: 'a' },
    ],
    [
      { last: 5, first: null, after: null },
      { isBackward: true, size: 5, cursor: null },
    ],
  ])('may be %j', (page, expected) => {
    expect(request(page)).toEqual({ ...expected, order: 'desc' });
  });

  test.each([
    [{ first: 1, last: 1 }, ['"first" and "last"']],
    [{ first: 1, before: 'a' }, ['"first" and "before"']],
    [{ last: 1, after: 'a' }, ['"last" and "after"']],
    [{ after: 'a', before: 'b' }, ['"after" and "before"']],
    [
      { first: 1, last: 1, after: 'a', before: 'b' },
      ['"first" and "last"', '"first" and "before"', '"last" and "after"', '"after" and "before"'],
    ],
    [{ before: 'a' }, ['"before" needs "last"']],
    [{ first: 0 }, ['"first" is out of range']],
    [{ first: 101 }, ['"first" is out of range']],
    [{ first: -1 }, ['"first" is out of range']],
    [{ last: 0 }, ['"last" is out of range']],
    [{ last: 101 }, ['"last" is out of range']],
    [
      { first: 0, last: 101, after: '..' },
      ['"first" and "last"', '"last" and "after"', '"first" is out', '"last" is out', '"after" is not'],
    ],
    [{ after: '' }, ['"after" is not a cursor']],
    [{ after: '../x' }, ['"after" is not a cursor']],
    [{ last: 1, before: 'a'.repeat(65) }, ['"before" is not a cursor']],
  ])('may not be %j, and every problem is reported at once', (page, problems) => {
    let message = '';
    try {
      request(page);
    } catch (error) {
      expect(error).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
      message = String(error);
    }
    for (const problem of problems) expect(message).toContain(problem);
    expect(message.split('. ')).toHaveLength(problems.length);
  });
});
