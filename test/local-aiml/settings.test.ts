import { describe, expect, test } from '@jest/globals';
import { readConfig } from '../../src/config.ts';
import { ConfigError, type Environment } from '../../src/runtime/environment.ts';
import { DEFAULT_RUN_SETTINGS, readStandaloneSettings } from '../../src/local-aiml/settings.ts';
import { LocalAimlStartError } from '../../src/local-aiml/start-error.ts';

const TIMEOUTS = { firstTokenTimeoutMs: 300_000, timeoutMs: 60_000 };

describe('the settings of runs', () => {
  test('have the built-in model and the defaults if nothing is set', () => {
    expect(readStandaloneSettings({}).runs).toEqual(DEFAULT_RUN_SETTINGS);
    expect(readConfig({}).runs).toEqual(DEFAULT_RUN_SETTINGS);
    expect(DEFAULT_RUN_SETTINGS).toEqual({
      modelApi: null,
      modelAliases: new Map(),
      runConcurrency: 64,
      runExpiresAfterSeconds: 600,
    });
  });

  test('have every value that is set', () => {
    expect(
      readStandaloneSettings({
        MODEL_API_BASE_URL: ' https://models.example/v1/ ',
        MODEL_API_KEY: 'key',
        MODEL_API_FIRST_TOKEN_TIMEOUT_MS: '5',
        MODEL_API_TIMEOUT_MS: '6',
        MODEL_ALIASES: 'gpt-4=gpt-4.1, a/b = c:d ,',
        RUN_CONCURRENCY: '2',
        RUN_EXPIRES_AFTER_SECONDS: '3600',
      }).runs,
    ).toMatchObject({
      modelApi: {
        baseUrl: 'https://models.example/v1',
        key: 'key',
        usesCallerKeys: false,
        firstTokenTimeoutMs: 5,
        timeoutMs: 6,
      },
      modelAliases: new Map([
        ['gpt-4', 'gpt-4.1'],
        ['a/b', 'c:d'],
      ]),
      runConcurrency: 2,
      runExpiresAfterSeconds: 3600,
    });
  });

  test.each<[string, Environment, object | null]>([
    [
      'AIML with its key',
      { AIML_API_KEY: 'k', UPSTREAM: 'local' },
      { baseUrl: 'https://api.aimlapi.com/v1', key: 'k', usesCallerKeys: false },
    ],
    [
      'AIML with the key of each caller',
      { AUTH_MODE: 'passthrough', UPSTREAM: 'local', AIML_API_BASE_URL: 'https://aiml.example/' },
      { baseUrl: 'https://aiml.example/v1', key: null, usesCallerKeys: true },
    ],
    [
      'another API with the key of each caller',
      { AUTH_MODE: 'passthrough', UPSTREAM: 'local', MODEL_API_BASE_URL: 'http://127.0.0.1:8000/v1' },
      { baseUrl: 'http://127.0.0.1:8000/v1', key: null, usesCallerKeys: true },
    ],
    [
      'another API with its own key under passthrough',
      { AUTH_MODE: 'passthrough', UPSTREAM: 'local', MODEL_API_BASE_URL: 'http://h/v1', MODEL_API_KEY: 'm' },
      { baseUrl: 'http://h/v1', key: 'm', usesCallerKeys: false },
    ],
    [
      'another API without a key',
      { MODEL_API_BASE_URL: 'http://h/v1' },
      { baseUrl: 'http://h/v1', key: null, usesCallerKeys: false },
    ],
    ['the built-in model', { UPSTREAM: 'local' }, null],
  ])('select the model API: %s', (_what, environment, modelApi) => {
    const read = readConfig(environment).runs.modelApi;
    if (modelApi === null) expect(read).toBeNull();
    else expect(read).toMatchObject({ ...modelApi, ...TIMEOUTS });
  });

  test('of the stand-alone process select the model API of AIML with its key', () => {
    expect(readStandaloneSettings({ AIML_API_KEY: 'k' }).runs.modelApi).toMatchObject({
      baseUrl: 'https://api.aimlapi.com/v1',
      key: 'k',
    });
  });

  test.each([
    ['MODEL_API_BASE_URL', 'SECRET'],
    ['MODEL_API_BASE_URL', 'ftp://SECRET/v1'],
    ['MODEL_API_BASE_URL', 'https://user:SECRET@host/v1'],
    ['MODEL_API_BASE_URL', 'https://host/v1?SECRET'],
    ['MODEL_API_KEY', 'two SECRETs'],
    ['MODEL_API_KEY', 'SECRET'],
    ['MODEL_API_FIRST_TOKEN_TIMEOUT_MS', '0'],
    ['MODEL_API_TIMEOUT_MS', 'SECRET'],
    ['MODEL_ALIASES', 'SECRET'],
    ['MODEL_ALIASES', 'SECRET='],
    ['MODEL_ALIASES', 'a=b=SECRET'],
    ['RUN_CONCURRENCY', '0'],
    ['RUN_CONCURRENCY', '1.5'],
    ['RUN_EXPIRES_AFTER_SECONDS', '-1'],
  ])('report an invalid %s (%s) without its value', (name, value) => {
    for (const [read, type] of [
      [readStandaloneSettings, LocalAimlStartError],
      [readConfig, ConfigError],
    ] as const) {
      let error: unknown;
      try {
        read({ [name]: value });
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(type);
      expect((error as Error).message).toMatch(new RegExp(`^${name} `));
      expect((error as Error).message).not.toContain('SECRET');
    }
  });
});
