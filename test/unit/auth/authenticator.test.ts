// AUTH_MODE none and passthrough, and tenants. AUTH_MODE jwt has its own files.
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { createAuthenticator } from '../../../src/auth/authenticator.ts';
import { requirePrincipal, requireScope, type Identity } from '../../../src/auth/principal.ts';
import { principalOf, codeOf, SERVICE_KEY } from './identity-provider.ts';

/** Both modes are synchronous: a promise fails the test. */
function authenticate(mode: 'none' | 'passthrough', authorization?: string): Identity {
  const serviceKey = mode === 'none' ? SERVICE_KEY : null;
  const identity = createAuthenticator({ auth: { mode }, serviceKey })(authorization);
  if (identity instanceof Promise) throw new Error('expected a synchronous result');
  return identity;
}

describe('AUTH_MODE none', () => {
  test.each([undefined, '', 'Bearer another-key', 'Basic dTpw', 'nonsense'])(
    'accepts any Authorization header: %p',
    (authorization) => {
      const principal = principalOf(authenticate('none', authorization));
      expect(principal.credential).toBe(SERVICE_KEY);
      expect(principal.scopes).toBeNull();
    },
  );

  test('has the same caller on every request', () => {
    const authenticator = createAuthenticator({ auth: { mode: 'none' }, serviceKey: SERVICE_KEY });
    expect(authenticator(undefined)).toBe(authenticator('Bearer x'));
  });
});

test.each([
  { mode: 'none' as const },
  { mode: 'jwt' as const, issuer: 'i', audience: 'a', jwksUrl: new URL('http://127.0.0.1:9') },
])('AUTH_MODE $mode needs a key of the service', (auth) => {
  expect(() => createAuthenticator({ auth, serviceKey: null })).toThrow('needs a key of the service');
});

describe('AUTH_MODE passthrough', () => {
  test.each([
    ['Bearer key-1', 'key-1'],
    ['bearer key-1', 'key-1'],
    ['BEARER key-1', 'key-1'],
    ['Bearer   key-1  ', 'key-1'],
    ['Bearer aA0-._~+/==', 'aA0-._~+/=='],
    [`Bearer ${'k'.repeat(512)}`, 'k'.repeat(512)],
  ])('uses the key of the client: %p', (authorization, key) => {
    const principal = principalOf(authenticate('passthrough', authorization));
    expect(principal.credential).toBe(key);
    expect(principal.scopes).toBeNull();
  });

  test.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'key-1',
    'Basic key-1',
    'Bearerkey-1',
    'Bearer\tkey-1',
    'Bearer key-1 key-2',
    'Bearer key-1, Bearer key-2',
    'Bearer key-1\n',
    'Bearer key\r\nX-Other: 1',
    'Bearer key-1\nBearer key-2',
    'Bearer "key-1"',
    'Bearer kéy',
    'Bearer =key',
    ' Bearer key-1',
    `Bearer ${'k'.repeat(513)}`,
    `Bearer ${' '.repeat(16_000)}`,
  ])('rejects anything but one bearer token: %p', (authorization) => {
    const identity = authenticate('passthrough', authorization);
    expect(codeOf(identity)).toBe('UNAUTHENTICATED');
    expect(inspect(identity, { depth: null })).not.toContain('key-1');
  });
});

describe('a caller', () => {
  const authenticator = createAuthenticator({ auth: { mode: 'passthrough' }, serviceKey: null });
  const principalWith = (key: string) => principalOf(authenticator(`Bearer ${key}`) as Identity);

  test('is the same tenant with the same key, and another tenant with another key', () => {
    expect(principalWith('key-1').tenant).toBe(principalWith('key-1').tenant);
    expect(principalWith('key-1').tenant).not.toBe(principalWith('key-2').tenant);
    expect(principalWith('key-1').tenant).toMatch(/^[\w-]{22}$/);
  });

  test('is the same tenant in every process, and after a restart', () => {
    const other = principalOf(authenticate('passthrough', 'Bearer key-1'));
    expect(principalWith('key-1').tenant).toBe(other.tenant);
    expect(principalWith('key-1').subject).toBe(other.subject);
  });

  test('without authentication is the same subject, whatever key the service has', () => {
    const [one, another] = ['key-1', 'key-2'].map((serviceKey) =>
      principalOf(createAuthenticator({ auth: { mode: 'none' }, serviceKey })(undefined) as Identity),
    );
    expect(one?.subject).toBe(another?.subject);
    expect(one?.tenant).not.toBe(another?.tenant);
  });

  test('does not show the key when it is logged', () => {
    const principal = principalWith('key-1');
    expect(principal.tenant).toBeDefined();
    const shown = [JSON.stringify({ caller: principal }), inspect(principal, { depth: null, showHidden: true })];
    expect(shown.join()).not.toContain('key-1');
  });

  test('has all scopes if there are none', () => {
    expect(() => requireScope(principalWith('key-1'), 'assistants:read')).not.toThrow();
    expect(() => requireScope(principalWith('key-1'), 'assistants:write')).not.toThrow();
  });
});

test('a failed authentication fails every authorization', () => {
  const noPrincipal = authenticate('passthrough');
  expect(() => requirePrincipal(noPrincipal)).toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' }));
  expect(() => requireScope(noPrincipal, 'assistants:read')).toThrow(
    expect.objectContaining({ code: 'UNAUTHENTICATED' }),
  );
});
