import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { serverAudits } from 'graphql-http';
import { startService, type TestService } from '../support/service.ts';

let service: TestService;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

describe('GraphQL over HTTP', () => {
  const audits = serverAudits({ url: () => `${service.url}/graphql`, fetchFn: fetch });

  test.each(audits.filter(({ name }) => name.startsWith('MUST')).map(({ id, name, fn }) => ({ id, name, fn })))(
    '$id: $name',
    async ({ fn }) => {
      const { status, ...result } = await fn();
      expect({ status, reason: 'reason' in result ? result.reason : null }).toEqual({ status: 'ok', reason: null });
    },
  );

  test('has MUST audits to pass', () => {
    expect(audits.filter(({ name }) => name.startsWith('MUST')).length).toBeGreaterThan(10);
  });
});
