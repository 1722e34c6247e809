import { describe, expect, test } from '@jest/globals';
import { parse } from 'graphql';
import { createDocumentStore } from '../../../src/graphql/document-store.ts';

const small = parse('{ a }');
const ofSize = (characters: number) => parse(`{ a } #${'x'.repeat(characters)}`);

describe('the store of documents', () => {
  test('gives back what was put in, and nothing else', async () => {
    const store = createDocumentStore();
    await store.set('a', small);
    expect(await store.get('a')).toBe(small);
    expect(await store.get('b')).toBeUndefined();
    await store.delete('a');
    expect(await store.get('a')).toBeUndefined();
  });

  test('forgets those used least recently when it is full', async () => {
    const store = createDocumentStore(50_000);
    for (const key of ['a', 'b', 'c']) await store.set(key, ofSize(5000));
    await store.get('a');
    await store.set('d', ofSize(5000));
    const kept = await Promise.all(['a', 'b', 'c', 'd'].map(async (key) => (await store.get(key)) !== undefined));
    expect(kept).toEqual([true, false, true, true]);
  });

  test('counts a document once that is put in again, and has room again for what was taken out', async () => {
    const store = createDocumentStore(50_000);
    for (let time = 0; time < 100; time += 1) await store.set('a', ofSize(5000));
    await store.set('b', ofSize(5000));
    await store.delete('b');
    await store.set('c', ofSize(5000));
    await store.set('d', ofSize(5000));
    expect(await store.get('a')).toBeDefined();
  });

  test('counts the text and the comments of a document, and does not take one that is larger than itself', async () => {
    const store = createDocumentStore(50_000);
    await store.set('small', small);
    await store.set('long', ofSize(50_000));
    await store.set('comments', parse(`{ a }${'#\n'.repeat(1000)}`));
    expect(await store.get('long')).toBeUndefined();
    expect(await store.get('comments')).toBeUndefined();
    expect(await store.get('small')).toBe(small);
  });
});
