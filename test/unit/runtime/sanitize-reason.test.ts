import { describe, expect, test } from '@jest/globals';
import { sanitizeReason, type ReasonContext } from '../../../src/runtime/sanitize-reason.ts';

const KEY = 'Zk9-secretKeyOfTheService';
const context: ReasonContext = {
  credential: KEY,
  hostname: 'upstream.internal',
  path: '/assistants/0f8fad5b-d9cb-469f-a165-70867728950e',
  body: JSON.stringify({ model: 'x7k2m9q4w8e3r6t1y5u0', tools: [{ function: { name: 'a1b2c3d4e5f6g7h8i9j0' } }] }),
};
const sanitize = (message: string | null, changes: Partial<ReasonContext> = {}) =>
  sanitizeReason(message, { ...context, ...changes });

describe('the reason of a 400', () => {
  test.each([
    ['Expected string, received number', 'Expected string, received number'],
    ['two\nlines\r\n\tand  more', 'two lines and more'],
    ["Invalid 'tools[0].function.name'", "Invalid 'tools[0].function.name'"],
    ["Invalid 'tools[10].function.parameters.properties.x'", "Invalid 'tools[10].function.parameters.properties.x'"],
    ['response_format.json_schema.name: 3 of 64', 'response_format.json_schema.name: 3 of 64'],
    ['max_completion_tokens: 5 is not at least 256', 'max_completion_tokens: 5 is not at least 256'],
    ['temperature=3 is above 2.0', 'temperature=3 is above 2.0'],
    ["Unknown key: 'colour'", "Unknown key: 'colour'"],
    ['at 12:30:45 and/or later', 'at 12:30:45 and/or later'],
    ['\u0000\u202e\n', null],
    ['', null],
    [null, null],
  ])('keeps harmless text: %j', (message, expected) => {
    expect(sanitize(message)).toBe(expected);
  });

  test.each([
    'gpt-4o',
    'gpt-4.1-mini',
    'gpt-4-turbo',
    'gpt-4o-mini-2024-07-18',
    'gpt-4-0125-preview',
    'claude-3-5-sonnet-20241022',
    'anthropic/claude-3.5-haiku-20241022',
    'meta-llama/Llama-3.3-70B-Instruct-Turbo',
    'deepseek-ai/DeepSeek-V3.1-Terminus',
    'Qwen/Qwen2.5-Coder-32B-Instruct',
    'anthropic.claude-3-5-sonnet-20241022-v2:0',
    'get_weather_forecast_for_the_next_10_days',
    'getWeatherForecastForTheNext10DaysInCelsius',
    'collectcustomerinformationfromthedatabase',
    // Text that only looks random is kept if it was in the request.
    'x7k2m9q4w8e3r6t1y5u0',
    'a1b2c3d4e5f6g7h8i9j0',
    '0f8fad5b-d9cb-469f-a165-70867728950e',
  ])('keeps the name %s', (name) => {
    for (const message of [`The requested model '${name}' cannot be used.`, `No ${name}.`, `${name} is unknown`])
      expect(sanitize(message)).toBe(message);
  });

  test.each([
    'https://internal.example/x?y=1',
    'HTTP://INTERNAL/x',
    'postgres://user:pw@db/assistants',
    '//evil.example/x',
    'www.example.com',
    'mailto:ops@corp.example',
    'ops@corp.example',
    'upstream.internal',
    'UPSTREAM.Internal:8443',
    'upstream.internal/assistants',
    'localhost:41234',
    'LOCALHOST:41234',
    'localhost',
    'billing.internal.corp:8443',
    'billing.internal.corp',
    'a.b.corp:8443',
    'api.aimlapi.com',
    'redis-0.redis.svc',
    '10.1.2.3',
    '10.1.2.3:8080',
    '[fe80::1ff:fe23:4567:890a]:443',
    'fe80::1ff:fe23:4567:890a',
    '2001:db8:85a3:8d3:1319:8a2e:370:7348',
    '::1',
    '/srv/app/node_modules/x/index.js:10:5',
    '(/srv/app/index.js:10:5)',
    '~/.aws/credentials',
    './config/production.json',
    'C:\\Users\\app\\config.json',
    KEY,
    KEY.toLowerCase(),
    KEY.toUpperCase(),
    KEY.slice(0, 12),
    `${KEY.slice(0, 6)}...`,
    `...${KEY.slice(-8)}`,
    `${KEY.slice(0, 8)}\u200b${KEY.slice(8)}`,
    `key:${KEY}`,
    Buffer.from(KEY).toString('base64'),
    Buffer.from(KEY).toString('base64url').slice(0, 20),
    encodeURIComponent(`${KEY} ${KEY}`),
    Buffer.from(KEY).toString('hex').replace(/../g, '%$&'),
    'sk-abc***def',
    'abcd****wxyz',
    'sk_live_abcdef',
    'ghp_16C7e42F292c6912E7710c838347Ae178B4a',
    'AKIAIOSFODNN7EXAMPLE',
    'hf_abcdefghijklmnop',
    'Bearer abc.def',
    'basic dXNlcjpwYXNz',
    'api_key=abc',
    'key=abc',
    'auth_token=abcd',
    'ACCESS-TOKEN = abcd',
    '"password":"hunter2"',
    'pass=hunter2',
    'pwd: x',
    'client_secret: s3cr3t',
    'session_id=abc',
    'X-API-KEY abcdef',
    'x-api-key: abcdef',
    'eyJhbGciOi.eyJzdWIi.c2ln',
    '4f9d2c1b0a8e7d6c5b4a39281706',
    'abcdefabcdefabcdefabcdef',
    'f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
    'aB3dE5fG7hI9jK1lM3nO5p',
    'dGhpcyBpcyBhIHNlY3JldA==',
  ])('never contains %s', (secret) => {
    const reason = sanitize(`It says ${secret} here`);
    expect(reason).toMatch(/^It says .* here$/);
    for (const piece of secret.split(/[\s"':=()]+/).filter((word) => /^.{4,}$/.test(word) && !NAMES.test(word)))
      expect(reason?.toLowerCase()).not.toContain(piece.toLowerCase());
    expect(reason).toContain('[removed]');
  });

  test.each([
    `\t${KEY}\n`,
    `'${KEY}'`,
    `"${KEY}"`,
    `<${KEY}>`,
    `(${KEY})`,
    `key ${KEY}, next`,
    `${KEY}.`,
    `x=${KEY}&y`,
  ])('never contains the key with anything around it: %j', (message) => {
    expect(sanitize(message)?.toLowerCase() ?? '').not.toContain(KEY.toLowerCase());
  });

  test('removes a short key and a host without dots only as whole words', () => {
    const changes = { credential: 'abc', hostname: 'aiml' };
    expect(sanitize('abc is not abcdef', changes)).toBe('[removed] is not abcdef');
    expect(sanitize('http to aiml:8080 or AIML: no aimless', changes)).toBe(
      'http to [removed] or [removed] no aimless',
    );
  });

  test('is truncated to 300 code points, and never within one', () => {
    const reason = sanitize('🙂'.repeat(400)) ?? '';
    expect(Array.from(reason)).toHaveLength(300);
    expect(reason.endsWith('🙂…')).toBe(true);
  });

  test('contains no part of a secret at the position where a long message is truncated', () => {
    for (let length = 1970; length < 2010; length += 1) {
      const reason = sanitize(`${'https://x.example '.repeat(200).slice(0, length)} ${KEY}`);
      expect(reason).not.toContain('Zk9');
    }
  });
});

const NAMES = /^(?:key|pass|pwd|basic|bearer)$/i;

describe('the cost of a message', () => {
  // Repeated pieces of the kinds that made regular expressions quadratic. At most 64 KB of a message are read.
  const pieces = ['a', 'a.', 'a-', 'eyJ-', '1', '1.', 'a1', ':', '::', 'a:', '/', '/a', '%', '%4', '*', '=', '@', 'a@', '[', '[:', 'key', 'key ', 'key-', 'x-api-key', ' ', '\t', '\\', 'sk-', '"', '~', '://', 'a://']; // prettier-ignore

  test('is that of 2,000 characters at any length', () => {
    const message = 'word '.repeat(13_000);
    expect(sanitize(message)).toBe(sanitize(message.slice(0, 1999)));
  });

  test.each(pieces)('is small for a message that repeats %j', (piece) => {
    const message = piece.repeat(65_536 / piece.length);
    for (let round = 0; round < 20; round += 1) {
      const reason = sanitize(`${message}${round}`) ?? '';
      expect(reason.length).toBeLessThanOrEqual(301);
    }
  });
});
