import { describe, expect, test } from '@jest/globals';
import { findUnusable, ManifestError, parseManifest } from '../../../../src/graphql/server/manifest.ts';
import { buildServiceSchema } from '../../../../src/graphql/schema/schema.ts';

const CANARY = 'canary';
const operation = { id: 'one', name: 'One', type: 'query', body: 'query One { __typename }' };
const manifest = (operations: unknown, more: object = {}) =>
  JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations, ...more });

describe('a manifest', () => {
  test('may have ids of any form, and other fields, which are ignored', () => {
    const operations = [
      { ...operation, clientName: 'web' },
      { ...operation, id: '__proto__' },
      { ...operation, id: '🙂' },
    ];
    expect(parseManifest(manifest(operations, { more: true })).map(({ id }) => id)).toEqual(['one', '__proto__', '🙂']);
    expect(parseManifest(manifest([operation, operation]))).toHaveLength(2);
    expect(parseManifest(manifest([]))).toEqual([]);
  });

  test.each<[string, string, string]>([
    ['is not JSON', `{ "${CANARY}"`, 'is not JSON'],
    ['is empty', '', 'is not JSON'],
    ['is not an object', `"${CANARY}"`, 'is not a JSON object'],
    ['is null', 'null', 'is not a JSON object'],
    ['is of another format', manifest([], { format: CANARY }), 'has no format "apollo-persisted-query-manifest"'],
    ['is of another version', manifest([], { version: 2 }), 'has no version 1'],
    ['has no operations', manifest({ [CANARY]: 1 }), 'has no list of operations'],
    ['has an invalid operation', manifest([operation, CANARY]), 'has operation 2 without id'],
    ['has an operation that is null', manifest([null]), 'has operation 1 without id'],
    ['has an operation without an id', manifest([{ ...operation, id: '' }]), 'has operation 1 without id'],
    ['has an operation with a number for an id', manifest([{ ...operation, id: 1 }]), 'has operation 1 without id'],
    ['has an operation without a name', manifest([{ ...operation, name: null }]), 'has operation 1 without name'],
    ['has an operation without a type', manifest([{ ...operation, type: undefined }]), 'has operation 1 without type'],
    ['has an operation without a body', manifest([{ ...operation, body: [] }]), 'has operation 1 without body'],
    [
      'has an id for two bodies',
      manifest([operation, { ...operation, body: `{ ${CANARY} }` }]),
      'has operation 2 with the id of an earlier one',
    ],
    [
      'has a body that is not GraphQL',
      manifest([{ ...operation, body: `{ ${CANARY}` }]),
      'has operation 1 with a body that is not GraphQL',
    ],
    [
      'has a body of too many tokens',
      manifest([{ ...operation, body: `{ ${'a '.repeat(5000)} }` }]),
      'has operation 1 with a body that is not GraphQL',
    ],
  ])('that %s is rejected with a message that contains nothing of it', (_name, json, message) => {
    expect(() => parseManifest(json)).toThrow(new ManifestError(message));
    expect(message).not.toContain(CANARY);
  });
});

test('Operations that cannot be executed are found', () => {
  const bodies = [
    'query Fits { assistants { nodes { id } } }',
    'query Unknown { nothing }',
    `query Large { ${'a: __typename '.repeat(31)} }`,
  ];
  const operations = parseManifest(manifest(bodies.map((body, index) => ({ ...operation, id: `${index}`, body }))));
  expect(findUnusable(operations, buildServiceSchema()).map(({ id }) => id)).toEqual(['1', '2']);
});
