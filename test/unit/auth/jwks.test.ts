// AUTH_MODE jwt: rotation of the identity provider's keys, and faults of the provider.
import type { RequestListener } from 'node:http';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Authenticate } from '../../../src/auth/authenticator.ts';
import { until } from '../../support/until.ts';
import { codeOf, createKey, IdentityProvider, sign, type SigningKey } from './identity-provider.ts';

/** The burst of requests for the keys. */
const BURST = 3;
const REFILL_MS = 2000;
const REFRESH_AFTER_MS = 5 * 60_000;
const EXPIRE_AFTER_MS = 15 * 60_000;

let first: SigningKey;
let second: SigningKey;
let provider: IdentityProvider;
let authenticator: Authenticate;

beforeAll(async () => {
  [first, second] = await Promise.all([createKey('first'), createKey('second')]);
});
const identityOf = async (token: string) => authenticator(`Bearer ${token}`);
const verdict = async (token: string) => codeOf(await identityOf(token));

/** The clock advances when it is read or set. */
let time = 0;
beforeEach(() => {
  time = Date.now();
  for (const clock of [performance, Date]) jest.spyOn(clock, 'now').mockImplementation(() => (time += 0.001));
});
const pass = (ms: number) => void (time += ms);

beforeEach(async () => {
  provider = await IdentityProvider.start(first);
  authenticator = provider.authenticator();
});
afterEach(() => provider.goDown());

describe('rotation', () => {
  test('a token of a new key is accepted once the provider publishes the key, and one of the old key as long as it does', async () => {
    const [old, fresh] = [await sign(first), await sign(second)];
    expect(await verdict(old)).toBeNull();
    expect(await verdict(fresh)).toBe('UNAUTHENTICATED');

    provider.keys = [first.jwk, second.jwk];
    expect(await verdict(fresh)).toBeNull();
    expect(await verdict(old)).toBeNull();

    provider.keys = [second.jwk];
    pass(EXPIRE_AFTER_MS);
    expect(await verdict(old)).toBe('UNAUTHENTICATED');
    expect(await verdict(fresh)).toBeNull();
  });

  test('is noticed by requests that arrive during a fetch that began before it', async () => {
    expect(await verdict(await sign(first))).toBeNull();
    let finish = (): void => undefined;
    provider.response = (_, response) => {
      const published = JSON.stringify({ keys: provider.keys });
      finish = () => response.end(published);
    };
    const unknown = verdict(await sign(await createKey('unknown')));
    await until(() => provider.requests === 2);
    provider.response = null;
    provider.keys = [first.jwk, second.jwk];
    const verdicts = [await sign(second), await sign(second, { sub: 'another' })].map(verdict);
    // Verifies after both of them have looked for their key.
    expect(await verdict(await sign(first))).toBeNull();
    finish();
    expect(await Promise.all([unknown, ...verdicts])).toEqual(['UNAUTHENTICATED', null, null]);
    expect(provider.requests).toBe(3);
  });

  test('works without key ids', async () => {
    const [old, fresh] = [await createKey(null), await createKey(null)];
    provider.keys = [old.jwk];
    expect(await verdict(await sign(old))).toBeNull();

    provider.keys = [old.jwk, fresh.jwk];
    expect(await verdict(await sign(fresh))).toBeNull();
    expect(await verdict(await sign(old))).toBeNull();
    expect(await verdict(await sign(await createKey(null)))).toBe('UNAUTHENTICATED');

    provider.keys = [fresh.jwk];
    pass(EXPIRE_AFTER_MS);
    expect(await verdict(await sign(old))).toBe('UNAUTHENTICATED');
  });

  test('claims are checked with several keys without ids', async () => {
    const [one, other] = [await createKey(null), await createKey(null)];
    provider.keys = [one.jwk, other.jwk];
    for (const key of [one, other]) {
      expect(await identityOf(await sign(key, { exp: 1 }))).toMatchObject({
        error: { code: 'UNAUTHENTICATED', message: 'The access token has expired.' },
      });
      expect(await verdict(await sign(key, { aud: 'another' }))).toBe('UNAUTHENTICATED');
    }
  });

  test('works if the new key has the id of the old one', async () => {
    const successor = await createKey('first');
    expect(await verdict(await sign(first))).toBeNull();
    provider.keys = [successor.jwk];
    expect(await verdict(await sign(successor))).toBeNull();
  });

  test('is noticed in the background once the keys are a few minutes old', async () => {
    const old = await sign(first);
    expect(await verdict(old)).toBeNull();
    provider.keys = [second.jwk];
    pass(REFRESH_AFTER_MS);
    expect(await verdict(old)).toBeNull();
    await until(async () => (await verdict(old)) === 'UNAUTHENTICATED');
  });
});

describe('unknown keys and invalid signatures', () => {
  test('cause a burst of requests for the keys, then one every two seconds', async () => {
    const unknown = await sign(second);
    const forged = await sign(await createKey('first'));
    for (let round = 0; round < 30; round += 1)
      for (const token of [unknown, forged]) expect(await verdict(token)).toBe('UNAUTHENTICATED');
    expect(provider.requests).toBe(BURST);

    pass(REFILL_MS);
    for (let round = 0; round < 30; round += 1) await verdict(unknown);
    expect(provider.requests).toBe(BURST + 1);

    pass(1000 * REFILL_MS);
    for (let round = 0; round < 30; round += 1) await verdict(unknown);
    expect(provider.requests).toBe(2 * BURST + 1);
  });

  test('do not prevent valid tokens from being accepted, nor new keys from being noticed', async () => {
    const unknown = await sign(second);
    for (let round = 0; round < 30; round += 1) await verdict(unknown);
    expect(await verdict(await sign(first))).toBeNull();
    provider.keys = [first.jwk, second.jwk];
    expect(await verdict(unknown)).toBe('UNAUTHENTICATED');
    pass(REFILL_MS);
    expect(await verdict(unknown)).toBeNull();
  });

  test('do not block a rotated key: its token is accepted as soon as a fetch is allowed', async () => {
    const fresh = await sign(second);
    const flood = async () => {
      const unknown = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => sign(await createKey(`k${index}`))),
      );
      for (const token of unknown) expect(await verdict(token)).toBe('UNAUTHENTICATED');
    };
    await flood();
    expect(provider.requests).toBe(BURST);
    provider.keys = [second.jwk];
    expect(await verdict(fresh)).toBe('UNAUTHENTICATED');
    pass(REFILL_MS);
    // The flood causes the fetch, and the token uses its result.
    await flood();
    expect(await verdict(fresh)).toBeNull();
    expect(provider.requests).toBe(BURST + 1);
  });

  test('cause no second request if the keys were just fetched', async () => {
    expect(await verdict(await sign(second))).toBe('UNAUTHENTICATED');
    expect(provider.requests).toBe(1);
  });

  test('share one request while they wait for it', async () => {
    expect(await verdict(await sign(first))).toBeNull();
    const unknown = await sign(second);
    await Promise.all(Array.from({ length: 50 }, () => verdict(unknown)));
    expect(provider.requests).toBe(2);
  });
});

const responses: Readonly<Record<string, RequestListener>> = {
  'status 500': (_, response) => response.writeHead(500).end('{"keys":[]}'),
  'status 404': (_, response) => response.writeHead(404).end(),
  'status 204': (_, response) => response.writeHead(204).end(),
  'a redirect': (_, response) => response.writeHead(302, { location: '/elsewhere' }).end(),
  HTML: (_, response) => response.setHeader('content-type', 'text/html').end('<html>Log in</html>'),
  'an empty body': (_, response) => response.end(),
  'JSON that is not a key set': (_, response) => response.end('{"error":"x"}'),
  'a key set that is not a list': (_, response) => response.end('{"keys":"x"}'),
  null: (_, response) => response.end('null'),
  'truncated JSON': (_, response) => response.end('{"keys":[{"kty":"EC"'),
  'a body cut short': (_, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('{"keys":');
    setImmediate(() => response.destroy());
  },
  'a connection reset': (_, response) => response.destroy(),
  'a huge key set': (_, response) => {
    response.end(JSON.stringify({ keys: [{ ...first.jwk, note: 'n'.repeat(10_000_000) }] }));
  },
  'a body without an end': (_, response) => {
    const chunk = ' '.repeat(65_536);
    const fill = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', fill);
    fill();
  },
  'a compressed bomb': (_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(50_000_000, ' ')));
  },
};
const hanging: Readonly<Record<string, RequestListener>> = {
  'no response': () => undefined,
  'headers only': (_, response) => response.writeHead(200).flushHeaders(),
  'a body that drips': (_, response) => {
    const timer = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(timer));
  },
};

describe('an unusable provider causes a clear error, and is retried', () => {
  const expectUnavailable = async (token: string) => {
    const identity = await identityOf(token);
    expect(identity).toMatchObject({
      kind: 'failure',
      error: { details: { code: 'UPSTREAM_UNAVAILABLE', retryable: true } },
    });
    const shown = inspect(identity, { depth: null, showHidden: true }) + JSON.stringify(identity);
    for (const secret of [provider.url.host, '127.0.0.1', '/keys', 'ECONNREFUSED', 'Log in', ...token.split('.')])
      expect(shown).not.toContain(secret);
  };

  test('it is down, then up', async () => {
    const token = await sign(first);
    await provider.goDown();
    await expectUnavailable(token);
    await provider.goUp();
    expect(await verdict(token)).toBeNull();
  });

  test.each(Object.entries(responses))('it responds with %s', async (_, response) => {
    const token = await sign(first);
    provider.response = response;
    await expectUnavailable(token);
    expect(provider.requests).toBe(1);
    provider.response = null;
    expect(await verdict(token)).toBeNull();
  });

  test.each(Object.entries(hanging))('it hangs: %s', async (_, response) => {
    const token = await sign(first);
    authenticator = provider.authenticator(200);
    provider.response = response;
    await Promise.all(Array.from({ length: 20 }, () => expectUnavailable(token)));
    expect(provider.requests).toBe(1);
    provider.response = null;
    // On a busy machine a response may take longer than the time-out as well.
    await until(async () => {
      pass(REFILL_MS);
      return (await verdict(token)) === null;
    });
  });

  test('while it is down, requests for the keys are limited and clients still get responses', async () => {
    const token = await sign(first);
    provider.response = (_, response) => response.writeHead(503).end();
    for (let round = 0; round < 50; round += 1) await expectUnavailable(token);
    expect(provider.requests).toBe(BURST);
    provider.response = null;
    await expectUnavailable(token);
    pass(REFILL_MS);
    expect(await verdict(token)).toBeNull();
  });

  test('it is down when a new key is needed: tokens of cached keys are still accepted', async () => {
    expect(await verdict(await sign(first))).toBeNull();
    await provider.goDown();
    await expectUnavailable(await sign(second));
    expect(await verdict(await sign(first))).toBeNull();
  });

  test('it is down when the keys expire: they are trusted for 15 minutes in all', async () => {
    const token = await sign(first, { exp: 4_000_000_000 });
    expect(await verdict(token)).toBeNull();
    await provider.goDown();
    pass(REFRESH_AFTER_MS);
    expect(await verdict(token)).toBeNull();
    pass(EXPIRE_AFTER_MS - REFRESH_AFTER_MS - 60_000);
    expect(await verdict(token)).toBeNull();
    pass(60_000);
    await expectUnavailable(token);
    await provider.goUp();
    pass(REFILL_MS);
    expect(await verdict(token)).toBeNull();
  });

  test('a malformed token is rejected as such while it is down', async () => {
    await provider.goDown();
    expect(await verdict('a.b.c')).toBe('UNAUTHENTICATED');
  });
});

test('an authenticator fetches nothing before the first token', () => {
  expect(provider.requests).toBe(0);
});
