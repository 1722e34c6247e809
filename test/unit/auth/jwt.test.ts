// AUTH_MODE jwt: which tokens are accepted, and their scopes.
import { generateKeyPairSync, createHmac, createSign } from 'node:crypto';
import { createServer } from 'node:http';
import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { exportSPKI, type JWK } from 'jose';
import type { Authenticate } from '../../../src/auth/authenticator.ts';
import { requireScope } from '../../../src/auth/principal.ts';
import {
  assemble,
  AUDIENCE,
  principalOf,
  codeOf,
  createKey,
  encode,
  goodClaims,
  SERVICE_KEY,
  IdentityProvider,
  ISSUER,
  now,
  sign,
  type Claims,
  type SigningKey,
} from './identity-provider.ts';
import { listen } from '../../support/listen.ts';

let rsa: SigningKey;
let ec: SigningKey;
let ed: SigningKey;
let provider: IdentityProvider;
let authenticator: Authenticate;

beforeAll(async () => {
  [rsa, ec, ed] = await Promise.all([createKey('rsa', 'RS256'), createKey('ec', 'ES256'), createKey('ed', 'EdDSA')]);
  provider = await IdentityProvider.start(rsa, ec, ed);
});
afterAll(() => provider.goDown());

const authenticate = async (authorization: string | undefined) => authenticator(authorization);
const verdict = async (token: string) => codeOf(await authenticate(`Bearer ${token}`));
const scopesOf = async (claims: Claims) => [
  ...(principalOf(await authenticate(`Bearer ${await sign(ec, { scope: undefined, ...claims })}`)).scopes ?? ['all']),
];

/** Each test has a new authenticator, which has not fetched the keys. */
beforeEach(() => {
  authenticator = provider.authenticator();
  provider.requests = 0;
});

describe('a valid token', () => {
  test.each(['RS256', 'ES256', 'EdDSA'])('is accepted: %s', async (alg) => {
    const key = [rsa, ec, ed].find((candidate) => candidate.alg === alg) ?? ec;
    const principal = principalOf(await authenticate(`Bearer ${await sign(key)}`));
    expect(principal.credential).toBe(SERVICE_KEY);
    expect([...(principal.scopes ?? [])]).toEqual(['assistants:read']);
  });

  test('may be for several audiences', async () => {
    expect(await verdict(await sign(ec, { aud: ['another', AUDIENCE] }))).toBeNull();
  });

  test('may have a scheme in any case', async () => {
    expect(codeOf(await authenticate(`bEARER ${await sign(ec)}`))).toBeNull();
  });

  test('may be longer than an API key', async () => {
    expect(await verdict(await sign(ec, { note: 'n'.repeat(5000) }))).toBeNull();
  });

  test('causes one request for the keys, for any number of tokens', async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, index) => sign(ec, { jti: String(index) })));
    expect(await Promise.all(tokens.map(verdict))).toEqual(tokens.map(() => null));
    for (const token of tokens) await verdict(token);
    expect(provider.requests).toBe(1);
  });

  test('belongs to the tenant of the service’s key', async () => {
    const [one, other] = [
      await authenticate(`Bearer ${await sign(ec)}`),
      await authenticate(`Bearer ${await sign(ed)}`),
    ];
    expect(principalOf(one).tenant).toBe(principalOf(other).tenant);
  });
});

describe('a malformed token is rejected without a request for the keys', () => {
  test.each([undefined, '', 'Bearer', 'Basic dTpw', 'Bearer a.b.c d.e.f', 'Bearer a.b.c\n', 'Bearer a\n.b.c'])(
    '%p',
    async (authorization) => {
      expect(codeOf(await authenticate(authorization))).toBe('UNAUTHENTICATED');
      expect(provider.requests).toBe(0);
    },
  );

  test.each(['abc', 'a.b', 'a.b.c', 'a.b.c.d', 'a.b.c.d.e', '..', '{}.{}.{}', 'bnVsbA.bnVsbA.bnVsbA'])(
    'Bearer %s',
    async (token) => {
      expect(await verdict(token)).toBe('UNAUTHENTICATED');
      expect(provider.requests).toBe(0);
    },
  );

  test('a token of more than 8 KiB, even if its signature is valid', async () => {
    expect(await verdict(await sign(ec, { note: 'n'.repeat(8192) }))).toBe('UNAUTHENTICATED');
    expect(provider.requests).toBe(0);
  });

  test('a token with white space in it or around it, or with padding', async () => {
    const token = await sign(ec);
    for (const bad of [`\t${token}`, `${token}\n`, token.replace('.', '.\n'), token.replace('.', ' .'), `${token}=`])
      expect(await verdict(bad)).toBe('UNAUTHENTICATED');
    expect(provider.requests).toBe(0);
  });
});

describe('a token that was not signed with a key of the provider is rejected', () => {
  test.each(['none', 'None', 'NONE', 'nOnE', ''])('alg %p', async (alg) => {
    const token = assemble({ alg, kid: 'rsa' }, goodClaims(), '');
    for (const forged of [token, `${token}AA`]) expect(await verdict(forged)).toBe('UNAUTHENTICATED');
    expect(provider.requests).toBe(0);
  });

  test('no alg at all', async () => {
    expect(await verdict(assemble({ kid: 'rsa' }, goodClaims(), 'AA'))).toBe('UNAUTHENTICATED');
  });

  test.each(['HS256', 'HS384', 'HS512'])('%s with the published public key as the secret', async (alg) => {
    const pem = await exportSPKI(rsa.publicKey);
    const { n = '' } = rsa.jwk;
    const secrets = [pem, pem.trim(), JSON.stringify(rsa.jwk), n, Buffer.from(n, 'base64url'), ''];
    for (const secret of secrets)
      for (const header of [{ alg, kid: 'rsa' }, { alg }]) {
        const input = `${encode(header)}.${encode(goodClaims())}`;
        const signature = createHmac(`sha${alg.slice(2)}`, secret)
          .update(input)
          .digest('base64url');
        expect(await verdict(`${input}.${signature}`)).toBe('UNAUTHENTICATED');
      }
    expect(provider.requests).toBe(0);
  });

  test('HS256 with a secret that the provider publishes by mistake', async () => {
    const k = Buffer.from('a secret of 32 bytes or even more').toString('base64url');
    const careless = new IdentityProvider();
    careless.keys = [{ kty: 'oct', k, kid: 'oct', alg: 'HS256' }];
    await careless.goUp();
    const input = `${encode({ alg: 'HS256', kid: 'oct' })}.${encode(goodClaims())}`;
    const signature = createHmac('sha256', Buffer.from(k, 'base64url')).update(input).digest('base64url');
    expect(codeOf(await careless.authenticator()(`Bearer ${input}.${signature}`))).toBe('UNAUTHENTICATED');
  });

  test('a changed payload, header or signature', async () => {
    const [header = '', payload = '', signature = ''] = (await sign(ec)).split('.');
    const [, , ofAnother = ''] = (await sign(ec, { jti: 'another' })).split('.');
    const forged = [
      `${header}.${encode(goodClaims({ scope: 'assistants:write' }))}.${signature}`,
      `${encode({ alg: 'ES256', kid: 'ec', typ: 'x' })}.${payload}.${signature}`,
      `${header}.${payload}.${ofAnother}`,
      `${header}.${payload}.${signature.slice(0, -4)}`,
      `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`,
      `${header}.${payload}.AA`,
    ];
    for (const token of forged) expect(await verdict(token)).toBe('UNAUTHENTICATED');
  });

  test('another key with the id of a real one, also if it is included in the header', async () => {
    const untrusted = await createKey('ec');
    let requested = 0;
    const untrustedProvider = createServer((_, response) => {
      requested += 1;
      response.end(JSON.stringify({ keys: [untrusted.jwk] }));
    });
    const jku = `http://127.0.0.1:${await listen(untrustedProvider)}/`;
    for (const header of [{}, { jwk: untrusted.jwk }, { jku }, { x5u: jku }, { kid: jku }, { kid: undefined }])
      expect(await verdict(await sign(untrusted, {}, header))).toBe('UNAUTHENTICATED');
    expect(requested).toBe(0);
  });

  test.each(['RS384', 'RS512', 'PS256', 'ES384', 'ES512'])('%s, which is not supported', async (alg) => {
    const key = await createKey('more', alg);
    const generous = await IdentityProvider.start(key);
    expect(codeOf(await generous.authenticator()(`Bearer ${await sign(key)}`))).toBe('UNAUTHENTICATED');
    expect(generous.requests).toBe(0);
  });

  test('the key of one algorithm under the name of another', async () => {
    expect(await verdict(await sign(ec, {}, { kid: 'rsa' }))).toBe('UNAUTHENTICATED');
    expect(await verdict(await sign(rsa, {}, { kid: 'ed' }))).toBe('UNAUTHENTICATED');
  });

  test('a key that is published for encryption', async () => {
    const key = await createKey('enc');
    const other = new IdentityProvider();
    other.keys = [{ ...key.jwk, use: 'enc' }];
    await other.goUp();
    expect(codeOf(await other.authenticator()(`Bearer ${await sign(key)}`))).toBe('UNAUTHENTICATED');
  });

  test('an RSA key that is too short to trust', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const weak = new IdentityProvider();
    weak.keys = [{ ...(publicKey.export({ format: 'jwk' }) as JWK), kid: 'weak', alg: 'RS256' }];
    await weak.goUp();
    const input = `${encode({ alg: 'RS256', kid: 'weak' })}.${encode(goodClaims())}`;
    const token = `${input}.${createSign('sha256').update(input).sign(privateKey, 'base64url')}`;
    expect(codeOf(await weak.authenticator()(`Bearer ${token}`))).toBe('UNAUTHENTICATED');
    await weak.goDown();
  });

  test('an unknown critical extension, and an unencoded payload', async () => {
    const [, , signature = ''] = (await sign(ec)).split('.');
    for (const header of [
      { alg: 'ES256', kid: 'ec', crit: ['x'], x: 1 },
      { alg: 'ES256', kid: 'ec', crit: ['b64'], b64: false },
    ])
      expect(await verdict(assemble(header, goodClaims(), signature))).toBe('UNAUTHENTICATED');
  });
});

describe('a token that the provider signed is rejected', () => {
  test.each<[string, Claims]>([
    ['from another issuer', { iss: 'https://evil.example.com/' }],
    ['from an issuer whose name begins alike', { iss: `${ISSUER}evil` }],
    ['from an issuer that differs in case or by a slash', { iss: ISSUER.slice(0, -1) }],
    ['without an issuer', { iss: undefined }],
    ['for another audience', { aud: 'another' }],
    ['for other audiences', { aud: ['another', 'third'] }],
    ['for no audience', { aud: [] }],
    ['without an audience', { aud: undefined }],
    ['without an expiry', { exp: undefined }],
    ['expired long ago', { exp: 0 }],
    ['expired by more than the clocks may differ', { exp: now() - 60 }],
    ['not valid yet', { nbf: now() + 300 }],
  ])('%s', async (_, claims) => {
    expect(await verdict(await sign(ec, claims))).toBe('UNAUTHENTICATED');
  });

  test.each<[string, Claims]>([
    ['exp as a word', { exp: 'tomorrow' }],
    ['exp as digits in a string', { exp: '99999999999' }],
    ['exp null', { exp: null }],
    ['nbf as a word', { nbf: 'yesterday' }],
    ['iss as a list', { iss: [ISSUER] }],
    ['aud as an object', { aud: { 0: AUDIENCE } }],
  ])('with %s', async (_, claims) => {
    expect(await verdict(await sign(ec, claims))).toBe('UNAUTHENTICATED');
  });
});

describe('clocks may differ by 30 s and no more', () => {
  test.each([
    ['expired 20 s ago', { exp: -20 }, null],
    ['expired 40 s ago', { exp: -40 }, 'UNAUTHENTICATED'],
    ['valid in 20 s', { nbf: 20 }, null],
    ['valid in 40 s', { nbf: 40 }, 'UNAUTHENTICATED'],
  ])('%s', async (_, offsets, code) => {
    const claims = Object.fromEntries(Object.entries(offsets).map(([claim, offset]) => [claim, now() + offset]));
    expect(await verdict(await sign(ec, claims))).toBe(code);
  });
});

describe('scopes', () => {
  test.each<[Claims, string[]]>([
    [{}, []],
    [{ scope: '' }, []],
    [{ scope: 'assistants:read' }, ['assistants:read']],
    [{ scope: 'openid assistants:write assistants:read' }, ['assistants:read', 'assistants:write']],
    [{ scope: 'assistants:reader xassistants:write Assistants:Read assistants:*' }, []],
    [{ scope: 'assistants:read,assistants:write' }, []],
    [{ scp: ['assistants:read', 'other'] }, ['assistants:read']],
    [{ scp: 'assistants:read assistants:write' }, ['assistants:read', 'assistants:write']],
    [{ scp: ['assistants:read assistants:write'] }, []],
    [{ scope: 'assistants:read', scp: ['assistants:write'] }, ['assistants:read', 'assistants:write']],
    [{ scope: 1, scp: { 0: 'assistants:read' } }, []],
    [{ scope: null, scp: [null, 1, ['assistants:read']] }, []],
    [{ scope: ['assistants:read'] }, []],
  ])('%j allows %j', async (claims, allowed) => {
    expect(await scopesOf(claims)).toEqual(allowed);
  });

  test('reading does not include writing, nor writing reading', async () => {
    const reader = await authenticate(`Bearer ${await sign(ec, { scope: 'assistants:read' })}`);
    const writer = await authenticate(`Bearer ${await sign(ec, { scope: 'assistants:write' })}`);
    expect(() => requireScope(reader, 'assistants:read')).not.toThrow();
    expect(() => requireScope(writer, 'assistants:write')).not.toThrow();
    const forbidden = expect.objectContaining({ code: 'FORBIDDEN' });
    expect(() => requireScope(reader, 'assistants:write')).toThrow(forbidden);
    expect(() => requireScope(writer, 'assistants:read')).toThrow(forbidden);
  });
});

describe('an authentication error', () => {
  const messageOf = async (token: string) => {
    const identity = await authenticate(`Bearer ${token}`);
    return identity.kind === 'failure' ? identity.error.message : null;
  };

  test('reports that a valid token has expired, and nothing of a forged one', async () => {
    const untrusted = await createKey('ec');
    expect(await messageOf(await sign(ec, { exp: now() - 60 }))).toBe('The access token has expired.');
    const forged = await messageOf(await sign(untrusted, { exp: now() - 60 }));
    expect(forged).toBe('The access token is not valid here.');
    expect(await messageOf(await sign(ec, { iss: 'x' }))).toBe(forged);
    expect(await messageOf(await sign(ec, { aud: 'x', exp: 0 }))).toBe(forged);
  });

  test('contains nothing of the token, the keys, the service’s key or the provider', async () => {
    const token = await sign(ec, { iss: 'https://evil.example.com/', sub: 'somebody', secret: 'claim' });
    const identity = await authenticate(`Bearer ${token}`);
    const shown = inspect(identity, { depth: null, showHidden: true }) + JSON.stringify(identity);
    for (const secret of [...token.split('.'), 'evil', 'somebody', 'claim', SERVICE_KEY, ISSUER, provider.url.host])
      expect(shown).not.toContain(secret);
  });

  test('a principal shows neither the token nor the service’s key', async () => {
    const token = await sign(ec);
    const shown = inspect(await authenticate(`Bearer ${token}`), { depth: null, showHidden: true });
    for (const secret of [...token.split('.'), SERVICE_KEY]) expect(shown).not.toContain(secret);
  });
});
