// No log entry contains secrets: canaries of a key, an address and a body are searched in every form.
import { connect, createServer } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import {
  createLogger,
  createReadableDestination,
  toCrashEntry,
  type Logger,
  type LoggerOptions,
} from '../../../src/observability/logger.ts';
import { close, listen } from '../../support/listen.ts';

const KEY = 'canary+key/0123456789~ABCDEF==';
const FORMS = [
  KEY,
  encodeURIComponent(KEY),
  Buffer.from(KEY).toString('base64'),
  Buffer.from(KEY).toString('base64').replaceAll('=', ''),
  Buffer.from(KEY).toString('base64url'),
];

interface Entry {
  readonly [field: string]: unknown;
  readonly err?: { readonly stack?: readonly string[] } & Readonly<Record<string, unknown>>;
}

function record(options?: LoggerOptions): { readonly logger: Logger; text: () => string; last: () => Entry } {
  const written: string[] = [];
  const logger = createLogger('trace', { write: (entry) => void written.push(entry) }, options);
  return {
    logger,
    text: () => written.join(''),
    last: () => JSON.parse(written.at(-1) ?? '{}') as Entry,
  };
}

const expectNoKey = (text: string) => {
  for (const form of FORMS) expect(text).not.toContain(form);
};

/** The logged form of an error. */
function loggedError(error: unknown, options?: LoggerOptions): Entry['err'] {
  const { logger, last, text } = record(options);
  logger.internalErrorMasked(error, { requestId: 'r-1' });
  expectNoKey(text());
  return last().err;
}

/** An error of `node:net`, with the address in its message and fields. */
async function connectionRefused(): Promise<{ readonly error: Error; readonly port: number }> {
  const server = createServer();
  const port = await listen(server);
  await close(server);
  const error = await new Promise<Error>((resolve) => connect(port, '127.0.0.1').on('error', resolve));
  expect(error.message).toContain(`127.0.0.1:${port}`);
  return { error, port };
}

describe('a log entry', () => {
  test('is one line of JSON with level, time, fields and text', () => {
    const { logger, text, last } = record();
    logger.listening('http://localhost:4000');
    expect(text()).toMatch(/^\{.*\}\n$/);
    expect(last()).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      url: 'http://localhost:4000',
      msg: 'listening',
    });
  });

  test('of an operation has its record, and no field that is undefined', () => {
    const { logger, last } = record();
    logger.operationEnded(
      { operationName: 'Read', kind: 'query', outcome: 'partial', errorCodes: ['RATE_LIMITED'], durationMs: 1.5 },
      {
        info: { requestId: 'r-1', callerRequestId: null, trace: null, caller: null },
        upstreamCalls: 2,
        isShared: false,
        isUnlisted: false,
        stream: null,
      },
    );
    const { time, ...logged } = last();
    expect(time).toEqual(expect.any(String));
    expect(logged).toEqual({
      level: 'info',
      requestId: 'r-1',
      operationName: 'Read',
      kind: 'query',
      outcome: 'partial',
      errorCodes: ['RATE_LIMITED'],
      durationMs: 1.5,
      upstreamCalls: 2,
      msg: 'operation',
    });
  });

  test('contains no bearer token in any text', () => {
    const { logger, text } = record();
    logger.redisUnavailable(`upstream was sent Authorization: Bearer ${KEY}`);
    logger.listening(`http://localhost/Bearer%20${encodeURIComponent(KEY)}`);
    expectNoKey(text());
    expect(text().match(/\[redacted\]/g)).toHaveLength(2);
  });

  test('contains none of the secrets of the process in any form or text', () => {
    const { logger, text } = record({ secrets: [KEY] });
    for (const form of FORMS) logger.redisUnavailable(`<${form}>`);
    logger.embeddedApi.error(`failed with ${KEY}`);
    expectNoKey(text());
    for (const line of text().trim().split('\n')) expect(() => JSON.parse(line) as unknown).not.toThrow();
  });

  test('keeps ordinary words if a secret is very short', () => {
    const { logger, last } = record({ secrets: ['list', ''] });
    logger.listening('http://localhost');
    expect(last()).toMatchObject({ msg: 'listening' });
  });

  test('of the embedded API has its text, its request id and its error, and no other field', () => {
    const { logger, text, last } = record();
    logger.embeddedApi.error({ requestId: 'r-1', err: new Error(KEY), body: KEY }, 'request failed');
    expect(last()).toMatchObject({ level: 'error', requestId: 'r-1', err: { type: 'Error' }, msg: 'request failed' });
    logger.embeddedApi.error({ requestId: 'r-1', clientRequestId: 'r-0', runId: 'run_1' }, 'request failed');
    expect(last()).toMatchObject({ requestId: 'r-0', runId: 'run_1' });
    logger.embeddedApi.warn('The store can be written again.');
    expect(last()).toMatchObject({ level: 'warn', msg: 'The store can be written again.' });
    logger.embeddedApi.info({ requestId: 'r-1' }, 'request');
    expect(text().trim().split('\n')).toHaveLength(3);
    expectNoKey(text());
  });

  test('of a library has its level and no text', () => {
    const { logger, last } = record();
    for (const level of ['debug', 'info', 'warn', 'error'] as const) {
      logger.libraryLogged('Apollo Server', level);
      expect(last()).toMatchObject({ level, msg: 'Apollo Server logged a message' });
    }
  });
});

describe('an error in a log entry', () => {
  test('keeps its type and code, and not the message of a library', async () => {
    const { error, port } = await connectionRefused();
    const { logger, text, last } = record({ stacks: true });
    logger.requestFailed(error, 'r-1', null);
    expect(last()).toMatchObject({
      msg: 'a request failed',
      requestId: 'r-1',
      err: { type: 'Error', code: 'ECONNREFUSED', stack: expect.any(Array) },
    });
    logger.stopFailed(error);
    logger.embeddedApi.error({ err: error }, 'request failed');
    logger.internalErrorMasked(new Error('outer', { cause: error }), { requestId: 'r-2' });
    expect(text()).not.toContain(String(port));
    expect(text()).not.toContain('127.0.0.1');
  });

  test('contains nothing of a body that could not be parsed', () => {
    let error: unknown;
    try {
      JSON.parse(`${KEY} is not JSON`);
    } catch (thrown) {
      error = thrown;
    }
    const logged = loggedError(error, { stacks: true });
    expect(logged).toMatchObject({ type: 'SyntaxError' });
    expect(JSON.stringify(logged)).not.toContain('is not JSON');
  });

  test('keeps the message of an error of this service', () => {
    class PublicError extends Error {
      override readonly name = 'PublicError';
      readonly code = 'UPSTREAM_TIMEOUT';
      readonly details = { upstream: KEY };
    }
    const message = 'The AIML API did not respond in time.';
    expect(loggedError(new PublicError(message))).toEqual({ type: 'PublicError', code: 'UPSTREAM_TIMEOUT', message });
  });

  test('has the code of a GraphQL error, and nothing else of its extensions', () => {
    const extensions = { code: 'BAD_REQUEST', more: KEY };
    expect(loggedError(Object.assign(new Error(KEY), { name: 'GraphQLError', extensions }))).toEqual({
      type: 'GraphQLError',
      code: 'BAD_REQUEST',
    });
  });

  test.each([KEY, { message: KEY }, undefined, null, Symbol(KEY), 7n])(
    'that is another value has its type only: %p',
    (thrown) => {
      expect(loggedError(thrown)).toEqual({ type: typeof thrown });
    },
  );

  test('has no stack unless stacks are enabled', () => {
    expect(loggedError(new Error('x'))).toEqual({ type: 'Error' });
    expect(loggedError(new Error('x'), { stacks: true })?.stack?.[0]).toMatch(/^at .*logger\.test\.ts:\d+:\d+\)?$/);
  });

  test('has only frames in its stack, even if the message looks like one', () => {
    const forged = `first\n    at http://upstream.test:8080/${KEY}:1:2\n    at f (http://upstream.test:1:2)\n${KEY}`;
    const changed = new Error(forged);
    changed.message = 'another';
    for (const error of [new Error(forged), changed]) {
      const logged = loggedError(error, { stacks: true });
      expect(logged?.stack?.length).toBeGreaterThan(0);
      expect(JSON.stringify(logged)).not.toContain('upstream.test');
    }
  });

  test('has no invalid name or code', () => {
    expect(loggedError(Object.assign(new Error('x'), { name: `Err ${KEY}`, code: KEY }))).toEqual({ type: 'Error' });
    expect(loggedError(Object.assign(new Error('x'), { name: 7, code: 404 }))).toEqual({ type: 'Error' });
  });

  test('has its causes in the same form, a few levels deep', () => {
    let error = new Error(KEY);
    for (let depth = 0; depth < 10; depth += 1) error = new TypeError(KEY, { cause: error });
    const cause = { type: 'TypeError' };
    expect(loggedError(error)).toEqual({ ...cause, cause: { ...cause, cause: { ...cause, cause } } });
  });
});

describe('the entry of a crash', () => {
  test('is one redacted line of bounded length', () => {
    const entry = toCrashEntry(new TypeError(`Bearer ${KEY}`, { cause: new Error(KEY) }), { secrets: [KEY] });
    expect(entry).toMatch(/^\{.*\}\n$/);
    expect(JSON.parse(entry)).toMatchObject({ level: 'fatal', msg: 'crashed', err: { type: 'TypeError' } });
    expectNoKey(entry);
    const long = new Error('x');
    long.stack = `Error: x\n${`    at f (/${'y'.repeat(450)}:1:2)\n`.repeat(100)}`;
    for (const cause of [long, new Error('y', { cause: new Error('z', { cause: long }) })])
      expect(toCrashEntry(new Error('w', { cause }), { stacks: true }).length).toBeLessThan(16_500);
  });

  test('is written for any thrown value', () => {
    const hostile = new Error('x');
    Object.defineProperty(hostile, 'cause', {
      get: () => {
        throw new Error(KEY);
      },
    });
    expect(toCrashEntry(hostile)).toBe('{"level":"fatal","msg":"crashed"}\n');
    expect(JSON.parse(toCrashEntry(KEY))).toMatchObject({ err: { type: 'string' } });
  });
});

describe('the destination of log entries', () => {
  test('is readable on a terminal, and redacted', async () => {
    const written: string[] = [];
    const terminal = { write: (text: string) => void written.push(text) };
    const logger = createLogger('info', await createReadableDestination(terminal), { secrets: [KEY] });
    logger.listening(`http://localhost:4000/${KEY}`);
    expect(written.join('')).toMatch(/^.*INFO.*listening.*\n$/);
    expect(written.join('')).toContain('http://localhost:4000');
    expect(() => JSON.parse(written.join('')) as unknown).toThrow();
    expectNoKey(written.join(''));
  });

  test('gets nothing below the level', () => {
    const written: string[] = [];
    const logger = createLogger('warn', { write: (entry) => void written.push(entry) });
    logger.listening('http://localhost');
    logger.libraryLogged('Apollo Server', 'info');
    expect(written).toEqual([]);
  });
});
