import { describe, expect, test } from '@jest/globals';
import { readConfig } from '../../src/config.ts';
import { ConfigError, type Environment } from '../../src/runtime/environment.ts';

const CANARY = 'canary-value';

describe('reading the environment', () => {
  test('uses the embedded AIML API on loopback if nothing is set', () => {
    expect(readConfig({})).toMatchObject({
      host: '127.0.0.1',
      port: 4000,
      upstream: { kind: 'local', dataDir: '.data' },
      auth: { mode: 'none' },
      upstreamDeadlineMs: 30_000,
      upstreamAttemptTimeoutMs: 10_000,
      upstreamConnections: 64,
      maxInFlight: 1000,
      introspection: true,
      explorer: true,
      federation: false,
      redisUrl: null,
      upstreamRateLimit: null,
      persistedOperations: null,
      shutdownGraceMs: 0,
      shutdownTimeoutMs: 25_000,
      logLevel: 'info',
    });
  });

  test('treats an empty value as not set', () => {
    expect(readConfig({ AIML_API_KEY: '', PORT: ' ', UPSTREAM: '' })).toEqual(readConfig({}));
  });

  test.each<[Environment, string]>([
    [{ AIML_API_KEY: 'k' }, 'aiml'],
    [{ AUTH_MODE: 'passthrough' }, 'aiml'],
    [{ AIML_API_KEY: 'k', UPSTREAM: 'local' }, 'local'],
    [{ AUTH_MODE: 'passthrough', UPSTREAM: 'local' }, 'local'],
    [{}, 'local'],
  ])('selects with %j the upstream %s', (environment, kind) => {
    expect(readConfig(environment).upstream.kind).toBe(kind);
  });

  test('trims the key', () => {
    expect(readConfig({ AIML_API_KEY: ' \tkey=\n' }).upstream).toMatchObject({ apiKey: 'key=' });
  });

  test('disables features for developers in production', () => {
    expect(readConfig({ NODE_ENV: 'production' })).toMatchObject({
      introspection: false,
      explorer: false,
      corsOrigins: [],
      corsLoopback: false,
    });
    expect(readConfig({ NODE_ENV: 'production', INTROSPECTION: 'true' }).introspection).toBe(true);
  });

  test('rejects a key of the service without authentication on a public interface', () => {
    const open = { AIML_API_KEY: 'k', HOST: '0.0.0.0' };
    expect(() => readConfig(open)).toThrow(/^HOST .*ALLOW_ANONYMOUS/);
    expect(() => readConfig({ ...open, HOST: '192.0.2.1' })).toThrow(ConfigError);
    for (const HOST of ['127.0.0.1', '127.8.8.8', 'localhost', '::1']) readConfig({ ...open, HOST });
    readConfig({ ...open, ALLOW_ANONYMOUS: 'true' });
    readConfig({ ...open, AUTH_MODE: 'passthrough' });
    readConfig({ HOST: '0.0.0.0' });
  });

  test.each([
    ['AIML_API_KEY', { AIML_API_KEY: 'k' }],
    ['AIML_API_KEY', { AIML_API_KEY: 'k', MODEL_API_BASE_URL: 'http://127.0.0.1:1/v1' }],
    ['MODEL_API_KEY', { MODEL_API_KEY: 'k', MODEL_API_BASE_URL: 'http://127.0.0.1:1/v1' }],
    ['MODEL_API_KEY', { AIML_API_KEY: 'k', MODEL_API_KEY: 'k', MODEL_API_BASE_URL: 'http://127.0.0.1:1/v1' }],
  ])('rejects %s for the model of embedded runs without authentication on a public interface', (name, keys) => {
    const open = { ...keys, UPSTREAM: 'local', HOST: '0.0.0.0' };
    expect(() => readConfig(open)).toThrow(new RegExp(`^HOST .* use ${name}: .*ALLOW_ANONYMOUS`));
    readConfig({ ...open, HOST: '127.0.0.1' });
    readConfig({ ...open, ALLOW_ANONYMOUS: 'true' });
    readConfig({ ...open, AUTH_MODE: 'passthrough' });
  });

  const jwt = {
    AUTH_MODE: 'jwt',
    AIML_API_KEY: 'k',
    JWT_ISSUER: 'https://id.example',
    JWT_AUDIENCE: 'assistants',
    JWKS_URL: 'https://id.example/jwks',
  };

  test.each<[Environment, readonly string[] | undefined]>([
    [{}, ['localhost', '127.0.0.1', '[::1]', '127.0.0.1']],
    [{ HOST: '::1' }, ['localhost', '127.0.0.1', '[::1]', '[::1]']],
    [{ HOST: '127.0.0.2' }, ['localhost', '127.0.0.1', '[::1]', '127.0.0.2']],
    [{ ALLOWED_HOSTS: 'A.example:1, ::2,' }, ['localhost', '127.0.0.1', '[::1]', '127.0.0.1', 'a.example:1', '[::2]']],
    [{ HOST: '0.0.0.0' }, undefined],
    [{ AUTH_MODE: 'passthrough' }, undefined],
    [{ AUTH_MODE: 'passthrough', ALLOWED_HOSTS: ' , ' }, undefined],
    [{ AUTH_MODE: 'passthrough', ALLOWED_HOSTS: 'a.example.' }, ['a.example']],
    [{ HOST: '0.0.0.0', ALLOWED_HOSTS: '[2001:DB8::0:1]:4000' }, ['[2001:db8::1]:4000']],
  ])('allows with %j the hosts %j', (environment, hosts) => {
    expect(readConfig(environment).allowedHosts?.hosts).toEqual(hosts);
  });

  test.each(['https://a.example', '*', '*.example', 'a example', 'a.example/x', 'canary@a.example', '[::1', 'a:port'])(
    'reports ALLOWED_HOSTS of %j without its value',
    (value) => {
      const read = () => readConfig({ ALLOWED_HOSTS: `ok.example,${value}` });
      expect(read).toThrow(/^ALLOWED_HOSTS must be/);
      expect(read).not.toThrow(value);
    },
  );

  test('accepts the settings of an identity provider', () => {
    expect(readConfig(jwt).auth).toEqual({
      mode: 'jwt',
      issuer: 'https://id.example',
      audience: 'assistants',
      jwksUrl: new URL('https://id.example/jwks'),
    });
    readConfig({ ...jwt, JWKS_URL: 'http://127.0.0.1:8080/jwks' });
  });

  test.each([
    'redis://127.0.0.1',
    'redis://127.0.0.1:6379/',
    'rediss://user:p%40ss@redis.example:6380/15',
    'redis://:only-a-password@[::1]:6379',
  ])('accepts %s as the URL of Redis', (REDIS_URL) => {
    expect(readConfig({ REDIS_URL }).redisUrl).toEqual(new URL(REDIS_URL));
  });

  test.each([
    ['5/s', { requests: 5, perSeconds: 1 }],
    ['100/min', { requests: 100, perSeconds: 60 }],
    ['999999999/h', { requests: 999_999_999, perSeconds: 3600 }],
  ])('accepts %s as a limit', (limit, expected) => {
    expect(readConfig({ UPSTREAM_RATE_LIMIT: limit }).upstreamRateLimit).toEqual(expected);
  });

  test('enforces a manifest unless the mode is log, and ignores a mode without a manifest', () => {
    const PERSISTED_OPERATIONS = 'manifest.json';
    expect(readConfig({ PERSISTED_OPERATIONS }).persistedOperations).toEqual({
      path: 'manifest.json',
      mode: 'enforce',
    });
    expect(readConfig({ PERSISTED_OPERATIONS, PERSISTED_OPERATIONS_MODE: 'log' }).persistedOperations).toEqual({
      path: 'manifest.json',
      mode: 'log',
    });
    expect(readConfig({ PERSISTED_OPERATIONS_MODE: 'log' }).persistedOperations).toBeNull();
  });

  test.each<[string, Environment]>([
    ['PORT', { PORT: CANARY }],
    ['PORT', { PORT: '65536' }],
    ['PORT', { PORT: '-1' }],
    ['UPSTREAM', { UPSTREAM: CANARY }],
    ['AIML_API_KEY', { UPSTREAM: 'aiml' }],
    ['AIML_API_KEY', { AIML_API_KEY: `${CANARY} with spaces` }],
    ['AIML_API_KEY', { AIML_API_KEY: 'k'.repeat(513) }],
    ['AIML_API_BASE_URL', { AIML_API_BASE_URL: CANARY }],
    ['AIML_API_BASE_URL', { AIML_API_BASE_URL: `ftp://${CANARY}` }],
    ['AIML_API_BASE_URL', { AIML_API_BASE_URL: `https://user:${CANARY}@host` }],
    ['AIML_API_BASE_URL', { AIML_API_BASE_URL: `https://host/?${CANARY}` }],
    ['AUTH_MODE', { AUTH_MODE: CANARY }],
    ['JWT_ISSUER', { ...jwt, JWT_ISSUER: '' }],
    ['JWT_AUDIENCE', { ...jwt, JWT_AUDIENCE: '' }],
    ['JWKS_URL', { ...jwt, JWKS_URL: '' }],
    ['JWKS_URL', { ...jwt, JWKS_URL: `http://${CANARY}/` }],
    ['JWKS_URL', { ...jwt, JWKS_URL: `https://user:${CANARY}@host/` }],
    ['ALLOW_ANONYMOUS', { AIML_API_KEY: 'k', HOST: '0.0.0.0', ALLOW_ANONYMOUS: CANARY }],
    ['UPSTREAM_DEADLINE_MS', { UPSTREAM_DEADLINE_MS: '0' }],
    ['UPSTREAM_ATTEMPT_TIMEOUT_MS', { UPSTREAM_ATTEMPT_TIMEOUT_MS: '1.5' }],
    ['UPSTREAM_CONNECTIONS', { UPSTREAM_CONNECTIONS: '0' }],
    ['MAX_IN_FLIGHT', { MAX_IN_FLIGHT: CANARY }],
    ['CORS_ORIGINS', { CORS_ORIGINS: `https://a.example,${CANARY}` }],
    ['CORS_ORIGINS', { CORS_ORIGINS: `https://a.example/${CANARY}` }],
    ['CORS_ORIGINS', { CORS_ORIGINS: `https://*.${CANARY}` }],
    ['INTROSPECTION', { INTROSPECTION: 'yes' }],
    ['EXPLORER', { EXPLORER: CANARY }],
    ['FEDERATION', { FEDERATION: CANARY }],
    ['REDIS_URL', { REDIS_URL: CANARY }],
    ['REDIS_URL', { REDIS_URL: `http://${CANARY}` }],
    ['REDIS_URL', { REDIS_URL: `redis:${CANARY}` }],
    ['REDIS_URL', { REDIS_URL: `redis:///${CANARY}` }],
    ['REDIS_URL', { REDIS_URL: `redis://host/${CANARY}` }],
    ['REDIS_URL', { REDIS_URL: `redis://host/0?${CANARY}` }],
    ['REDIS_URL', { REDIS_URL: `redis://host/0#${CANARY}` }],
    ['REDIS_URL', { REDIS_URL: `redis://:${CANARY}%@host` }],
    ['UPSTREAM_RATE_LIMIT', { UPSTREAM_RATE_LIMIT: CANARY }],
    ['UPSTREAM_RATE_LIMIT', { UPSTREAM_RATE_LIMIT: '100' }],
    ['UPSTREAM_RATE_LIMIT', { UPSTREAM_RATE_LIMIT: '0/s' }],
    ['UPSTREAM_RATE_LIMIT', { UPSTREAM_RATE_LIMIT: '1.5/s' }],
    ['UPSTREAM_RATE_LIMIT', { UPSTREAM_RATE_LIMIT: '-1/s' }],
    ['UPSTREAM_RATE_LIMIT', { UPSTREAM_RATE_LIMIT: '1/day' }],
    ['UPSTREAM_RATE_LIMIT', { UPSTREAM_RATE_LIMIT: '1000000000/s' }],
    ['PERSISTED_OPERATIONS_MODE', { PERSISTED_OPERATIONS: 'x', PERSISTED_OPERATIONS_MODE: CANARY }],
    ['SHUTDOWN_GRACE_MS', { SHUTDOWN_GRACE_MS: CANARY }],
    ['SHUTDOWN_TIMEOUT_MS', { SHUTDOWN_TIMEOUT_MS: CANARY }],
    ['LOG_LEVEL', { LOG_LEVEL: CANARY }],
  ])('reports an invalid %s in one line without its value: %j', (name, environment) => {
    let message = '';
    try {
      readConfig(environment);
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      message = (error as ConfigError).message;
    }
    expect(message.startsWith(name)).toBe(true);
    expect(message).not.toContain(CANARY);
    expect(message).not.toContain('\n');
  });

  const problemsOf = (environment: Environment): readonly string[] => {
    try {
      readConfig(environment);
      return [];
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      return (error as ConfigError).message.split('\n');
    }
  };

  test('reports all missing settings, each in one line', () => {
    expect(problemsOf({ AUTH_MODE: 'jwt', UPSTREAM: 'aiml' })).toEqual([
      'JWT_ISSUER must be set if AUTH_MODE is jwt',
      'JWT_AUDIENCE must be set if AUTH_MODE is jwt',
      'JWKS_URL must be set if AUTH_MODE is jwt',
      'AIML_API_KEY must be set if UPSTREAM is aiml',
    ]);
  });

  test('reports all missing and invalid settings once, without their values', () => {
    const environment = {
      ...jwt,
      AIML_API_KEY: `${CANARY} `.repeat(2),
      HOST: '0.0.0.0',
      PORT: CANARY,
      UPSTREAM: 'aiml',
      JWT_AUDIENCE: '',
      JWKS_URL: `ftp://${CANARY}`,
      AIML_API_BASE_URL: `https://${CANARY}@host/?${CANARY}`,
      UPSTREAM_CONNECTIONS: '0',
      CORS_ORIGINS: CANARY,
      FEDERATION: CANARY,
      REDIS_URL: CANARY,
      UPSTREAM_RATE_LIMIT: CANARY,
      PERSISTED_OPERATIONS_MODE: CANARY,
      LOG_LEVEL: CANARY,
    };
    const problems = problemsOf(environment);
    expect(problems.map((line) => line.split(' ')[0]).toSorted()).toEqual(
      [
        'AIML_API_BASE_URL',
        'AIML_API_KEY',
        'CORS_ORIGINS',
        'FEDERATION',
        'JWKS_URL',
        'JWT_AUDIENCE',
        'LOG_LEVEL',
        'PERSISTED_OPERATIONS_MODE',
        'PORT',
        'REDIS_URL',
        'UPSTREAM_CONNECTIONS',
        'UPSTREAM_RATE_LIMIT',
      ].toSorted(),
    );
    expect(problems.join()).not.toContain(CANARY);
  });

  test('reports those of the embedded AIML API with the others', () => {
    const environment = {
      PORT: CANARY,
      RUN_CONCURRENCY: CANARY,
      RUN_EXPIRES_AFTER_SECONDS: '0',
      MODEL_API_BASE_URL: CANARY,
      MODEL_API_KEY: `two ${CANARY}`,
      MODEL_ALIASES: CANARY,
    };
    const problems = problemsOf(environment);
    expect(problems.map((line) => line.split(' ')[0]).toSorted()).toEqual(Object.keys(environment).toSorted());
    expect(problems.join()).not.toContain(CANARY);
  });

  test('reports an invalid AUTH_MODE without the settings that depend on it', () => {
    expect(problemsOf({ AUTH_MODE: 'jvt', AIML_API_KEY: 'k', HOST: '0.0.0.0' })).toEqual([
      expect.stringMatching(/^AUTH_MODE must be one of/),
    ]);
  });
});
