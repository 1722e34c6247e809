// The service accepts the manifest that `npm run manifest` writes. Needs the build.
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { codeOf, post, sha256, writeExampleManifest, writeManifest, type ManifestFile } from '../support/persisted.ts';
import { startService, type TestService } from '../support/service.ts';

describe('the manifest of the example operations', () => {
  let file: ManifestFile;
  let service: TestService;
  beforeAll(async () => {
    file = await writeExampleManifest();
    service = await startService({ PERSISTED_OPERATIONS: file.path, PERSISTED_OPERATIONS_MODE: 'enforce' });
  });
  afterAll(async () => {
    await service.stop();
    await file.remove();
  });
  const variablesOf = async (name: string, id: string): Promise<unknown> => {
    const fileName = name.replace(/(?!^)[A-Z]/g, '-$&').toLowerCase();
    const json = await readFile(`schema/operations/${fileName}.variables.json`, 'utf8');
    return JSON.parse(json.replaceAll('asst_abc123', id));
  };

  test('allows each of them by its id and by its text, and nothing else', async () => {
    const { operations } = file.manifest;
    const files = (await readdir('schema/operations')).filter((name) => name.endsWith('.graphql'));
    expect(operations).toHaveLength(files.length);
    const create = operations.find(({ name }) => name === 'CreateAssistant');
    for (const { id, name, type, body } of operations) {
      expect(id).toBe(sha256(body));
      // Subscriptions need a streaming transport: see test/streams.
      if (type === 'subscription') continue;
      for (const request of [{ id }, { query: body }]) {
        const created = await post(service.url, {
          query: create?.body ?? '',
          variables: await variablesOf('CreateAssistant', ''),
        });
        const { createAssistant } = created.data as { createAssistant: { assistant: { id: string } } };
        const response = await post(service.url, {
          ...request,
          variables: await variablesOf(name, createAssistant.assistant.id),
        });
        expect(response).toMatchObject({ status: 200, data: expect.any(Object) });
        expect(response.errors).toBeUndefined();
        // No conversation has the ids of the samples.
        if (!name.includes('Assistant')) continue;
        for (const payload of Object.values(response.data as Record<string, { userErrors?: unknown } | null>))
          expect(payload?.userErrors ?? []).toEqual([]);
      }
    }
    expect(codeOf(await post(service.url, { query: '{ __typename }' }))).toBe('BAD_REQUEST');
  });
});

test('a manifest with operations that are invalid in the schema is used, and one log entry names them', async () => {
  const file = await writeManifest([
    { id: 'a', name: 'Outlived', type: 'query', body: 'query Outlived { canary }' },
    { id: 'b', name: 'not a name', type: 'query', body: 'query Gone { canary }' },
    { id: 'c', name: 'Fits', type: 'query', body: '{ __typename }' },
  ]);
  const service = await startService({ PERSISTED_OPERATIONS: file.path });
  expect(service.logs.filter(({ level }) => level === 'warn')).toEqual([
    expect.objectContaining({ count: 2, operations: ['Outlived', null] }),
  ]);
  expect(codeOf(await post(service.url, { id: 'a' }))).toBe('GRAPHQL_VALIDATION_FAILED');
  expect((await post(service.url, { id: 'c' })).data).toEqual({ __typename: 'Query' });
  await service.stop();
  await file.remove();
});
