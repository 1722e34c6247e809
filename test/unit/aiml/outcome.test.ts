import { expect, test } from '@jest/globals';
import { toOutcome } from '../../../src/aiml/outcome.ts';
import type { HttpResponse } from '../../../src/aiml/exchange.ts';

const CREDENTIAL = 'sk-Zk9wQ2xvdWQ0NTY3ODkw';
const HOST = 'api.example.com';

const statuses = [200, 302, 400, 401, 404, 408, 429, 500];

test.each(statuses)(
  'the request id of an error with status %i is upstream’s, unless it has a part of the key',
  (status) => {
    const requestIdOf = (inHeader: string | undefined, inBody: string) => {
      const response: HttpResponse = {
        status,
        headers: inHeader === undefined ? {} : { 'x-request-id': inHeader },
        body: Buffer.from(JSON.stringify({ message: 'No.', requestId: inBody })),
        isCloseDelimited: false,
      };
      // A 200 is read as JSON, which it is not.
      const body = status === 200 ? Buffer.from('{') : response.body;
      const sent = { credential: CREDENTIAL, hostname: HOST, path: '/assistants', body: null };
      const outcome = toOutcome({ ...response, body }, { noun: 'assistant', read: (value) => value }, sent);
      return outcome.kind === 'OK' ? 'OK' : outcome.error.details.upstream?.requestId;
    };
    expect(requestIdOf('req_1', 'req_2')).toBe('req_1');
    for (const secret of [
      CREDENTIAL,
      CREDENTIAL.toUpperCase(),
      CREDENTIAL.slice(0, 12),
      `id-${CREDENTIAL.slice(-8)}`,
      HOST,
    ])
      expect(requestIdOf(secret, secret)).toBeNull();
  },
);
