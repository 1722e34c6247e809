import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { parse, validate, type DocumentNode } from 'graphql';
import { Executor } from '../../../src/graphql/execution/executor.ts';
import { OperationCache } from '../../../src/graphql/server/operation-cache.ts';
import { createRejectionCache } from '../../../src/graphql/server/operation-cache.ts';
import { createApqCache } from '../../../src/graphql/server/apq-cache.ts';
import { buildServiceSchema } from '../../../src/graphql/schema/schema.ts';
import { recordingContext } from './execution/recording-context.ts';

const MiB = 1024 * 1024;
const schema = buildServiceSchema();
const createCache = (maxBytes?: number) => new OperationCache(new Executor(schema), maxBytes);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** The growth of the heap during `fill`, whose result is referenced until it is measured. */
async function heapGrowth(fill: () => Promise<unknown>): Promise<number> {
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const stored = await fill();
  collectGarbage();
  const growth = process.memoryUsage().heapUsed - before;
  expect(stored).toBeDefined();
  return growth;
}

async function send(
  cache: OperationCache,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<DocumentNode> {
  const found = await cache.documentStore.get(query);
  const document = found ?? parse(query);
  if (!found) {
    expect(validate(schema, document)).toEqual([]);
    await cache.documentStore.set(query, document);
  }
  const lookup = cache.lookup({ query, variables });
  await cache.prepare(document, undefined)?.run(variables, recordingContext([]));
  cache.store(lookup, document, undefined, false);
  return document;
}
const isCached = (cache: OperationCache, query: string): boolean => Boolean(cache.lookup({ query })?.cached);

/** A small document with as many fields as fragments, conditions and root fields allow. */
const expensive = (index: number): string =>
  `query Q${index}($a: Boolean!, $b: Boolean!, $c: Boolean!, $d: Boolean!) {
    t: __typename @skip(if: $a) t: __typename @skip(if: $b) t: __typename @skip(if: $c) t: __typename @skip(if: $d)
    ${Array.from({ length: 16 }, (_, root) => `a${root}: assistants(first: ${root + 1}) { nodes { ...N } edges { node { ...N x: name } } }`).join(' ')}
  }
  fragment N on Assistant { __typename id createdAt model name description instructions metadata temperature topP
    tools { __typename type ... on FunctionTool { name description parameters strict } ... on UnknownTool { raw }
      ... on FileSearchTool { maxNumResults rankingOptions { __typename ranker scoreThreshold } } }
    toolResources { codeInterpreter { fileIds } fileSearch { vectorStoreIds } }
    responseFormat { type jsonSchema { name description schema strict } } }`;
const conditions = (bits: number) => ({ a: !!(bits & 1), b: !!(bits & 2), c: !!(bits & 4), d: !!(bits & 8) });

describe('the cache of operations', () => {
  test('finds an operation by its document only after it was stored', async () => {
    const cache = createCache();
    expect(isCached(cache, '{ __typename }')).toBe(false);
    const document = await send(cache, '{ __typename }');
    expect(isCached(cache, '{ __typename }')).toBe(true);
    expect(await cache.documentStore.get('{ __typename }')).toBe(document);
    expect(isCached(cache, '{  __typename }')).toBe(false);
  });

  test('does not store an operation that was executed for a caller without a credential', async () => {
    const cache = createCache();
    const document = parse('{ __typename }');
    await cache.documentStore.set('{ __typename }', document);
    await cache.executor.prepare(document, undefined)?.run({}, recordingContext([]), false);
    expect(cache.bytes).toBe(0);
    expect(await cache.documentStore.get('{ __typename }')).toBeUndefined();
  });

  test('updates the weight of an operation with each plan that is made for it', async () => {
    const cache = createCache();
    const sizes: number[] = [];
    for (const bits of [0, 1, 2, 1, 2]) {
      await send(cache, expensive(0), conditions(bits));
      sizes.push(cache.bytes);
    }
    expect(sizes[1]).toBeGreaterThan(sizes[0] ?? 0);
    expect(sizes[2]).toBeGreaterThan(sizes[1] ?? 0);
    expect(sizes.slice(3)).toEqual([sizes[2], sizes[2]]);
  });

  test('evicts the least recently used operation with all its keys, and does not store one that is too large', async () => {
    const cache = createCache(100_000);
    const query = (name: string): string => `query ${name} { __typename } #${'x'.repeat(5000)}`;
    for (const name of ['A', 'B', 'C']) await send(cache, query(name));
    cache.lookup({ query: query('A') });
    await send(cache, query('D'));
    expect(['A', 'B', 'C', 'D'].map((name) => isCached(cache, query(name)))).toEqual([true, false, true, true]);
    await send(cache, `{ __typename } #${'x'.repeat(100_000)}`);
    expect(cache.bytes).toBeLessThanOrEqual(100_000);
    expect(isCached(cache, query('D'))).toBe(true);
  });

  test('stays within its limit of heap memory under any flood', async () => {
    const bound = 4 * MiB;
    let cached = 0;
    const growth = await heapGrowth(async () => {
      const cache = createCache(bound);
      for (let index = 0; index < 25; index += 1)
        for (let bits = 0; bits < 16; bits += 1) await send(cache, expensive(index), conditions(bits));
      cached = cache.bytes;
      return cache;
    });
    expect(cached).toBeGreaterThan(bound / 4);
    expect(cached).toBeLessThanOrEqual(bound);
    expect(growth).toBeLessThan(2 * bound);
  });
});

test('rejected documents stay within their limit of heap memory', async () => {
  const bound = 2 * MiB;
  const growth = await heapGrowth(() => {
    const rejected = createRejectionCache(bound);
    for (let index = 0; index < 2000; index += 1)
      rejected.set(`document ${index} ${'é'.repeat(5000)}`, { body: Buffer.from(JSON.stringify('x'.repeat(index))) });
    expect(rejected.get('document 0')).toBeUndefined();
    expect(rejected.get(`document 1999 ${'é'.repeat(5000)}`)).toBeDefined();
    return Promise.resolve(rejected);
  });
  expect(growth).toBeLessThan(3 * bound);
});

test('persisted documents stay within their limit of heap memory', async () => {
  const bound = 2 * MiB;
  const growth = await heapGrowth(async () => {
    const documents = createApqCache(null, bound);
    for (let index = 0; index < 20_000; index += 1)
      await documents.set(`apq:${index.toString(16).padStart(64, '0')}`, `{ a${index} }`);
    return documents;
  });
  expect(growth).toBeLessThan(3 * bound);
});
