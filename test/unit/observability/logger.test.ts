// What no log line may ever hold, tried with canaries: a key, an address and a body that are looked for in every form.
import { connect, createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import Fastify from 'fastify';
import {
  createLibraryLogger,
  createLogger,
  createReadableDestination,
  type Logger,
  type LoggerOptions,
} from '../../../src/observability/logger.ts';

const KEY = 'canary+key/0123456789~ABCDEF==';
const FORMS = [
  KEY,
  encodeURIComponent(KEY),
  Buffer.from(KEY).toString('base64'),
  Buffer.from(KEY).toString('base64').replaceAll('=', ''),
  Buffer.from(KEY).toString('base64url'),
];

interface Line {
  readonly [field: string]: unknown;
  readonly err?: { readonly stack?: readonly string[] } & Readonly<Record<string, unknown>>;
}

function listen(options?: LoggerOptions): { readonly logger: Logger; text: () => string; last: () => Line } {
  const written: string[] = [];
  const logger = createLogger('trace', { write: (line) => void written.push(line) }, options);
  return {
    logger,
    text: () => written.join(''),
    last: () => JSON.parse(written.at(-1) ?? '{}') as Line,
  };
}

const expectNoKey = (text: string) => {
  for (const form of FORMS) expect(text).not.toContain(form);
};

/** An error as `node:net` makes it, with the address in its message and its fields. */
async function connectionRefused(): Promise<{ readonly error: Error; readonly port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const error = await new Promise<Error>((resolve) => connect(port, '127.0.0.1').on('error', resolve));
  expect(error.message).toContain(`127.0.0.1:${port}`);
  return { error, port };
}

describe('a log line', () => {
  it('is one line of JSON with level, time, fields and text', () => {
    const { logger, text, last } = listen();
    logger.info({ requestId: 'r-1', calls: 2, codes: ['RATE_LIMITED'], url: 'http://localhost:4000' }, 'listening');
    expect(text()).toMatch(/^\{.*\}\n$/);
    expect(last()).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      requestId: 'r-1',
      calls: 2,
      codes: ['RATE_LIMITED'],
      url: 'http://localhost:4000',
      msg: 'listening',
    });
  });

  it.each([
    'authorization',
    'Authorization',
    'proxy-authorization',
    'cookie',
    'Set-Cookie',
    'credential',
    'credentials',
    'apiKey',
    'api_key',
    'AIML_API_KEY',
    'x-api-key',
    'token',
    'accessToken',
    'refresh_token',
    'password',
    'clientSecret',
    'jwt',
    'headers',
    'rawHeaders',
    'variables',
    'input',
    'body',
    'query',
  ])('strikes out %s wherever it stands', (name) => {
    const { logger, text } = listen();
    const fields = { [name]: KEY };
    logger.info(fields, 'top');
    logger.info({ a: fields }, 'one level down');
    logger.info({ a: { b: { c: fields } } }, 'three levels down');
    logger.info({ a: [{ b: [fields] }] }, 'in lists');
    logger.info({ [name]: { deep: [KEY] } }, 'a whole object');
    logger.info('in a parameter: %o', { a: fields });
    logger.child(fields).info('a child');
    logger
      .child({ a: fields })
      .child({ b: { a: fields } })
      .info('a grandchild');
    const bound = logger.child({});
    bound.setBindings({ a: fields });
    bound.info('bound later');
    expectNoKey(text());
    expect(text().trim().split('\n')).toHaveLength(9);
  });

  it('leaves fields alone whose names only look a little like those', () => {
    const { logger, last } = listen();
    logger.info({ maxTokens: 5, tokens: 7, bodyBytes: 3, headerCount: 1 });
    expect(last()).toMatchObject({ maxTokens: 5, tokens: 7, bodyBytes: 3, headerCount: 1 });
  });

  it('does not change what was handed in', () => {
    const fields = { a: { token: KEY } };
    listen().logger.info(fields);
    expect(fields).toEqual({ a: { token: KEY } });
  });

  it('tells only the kind of what is no plain data', () => {
    class Upstream {
      readonly key = KEY;
    }
    const { logger, text, last } = listen();
    logger.info({
      upstream: new Upstream(),
      at: new URL(`http://user:${encodeURIComponent(KEY)}@upstream.test/`),
      raw: Buffer.from(KEY),
      map: new Map([[KEY, KEY]]),
      bare: Object.assign(Object.create(null) as object, { fine: 1 }),
      big: 12n,
      when: new Date(0),
      never: new Date(NaN),
    });
    expectNoKey(text());
    expect(last()).toMatchObject({
      upstream: '[Upstream]',
      at: '[URL]',
      raw: '[Buffer]',
      map: '[Map]',
      bare: { fine: 1 },
      big: '12',
      when: '1970-01-01T00:00:00.000Z',
      never: null,
    });
  });

  it('is finite for what has no end', () => {
    const endless: Record<string, unknown> = { many: Array.from({ length: 1000 }, (_, index) => index) };
    endless['self'] = endless;
    const { logger, last } = listen();
    logger.info(endless, 'done');
    expect(last()).toMatchObject({ msg: 'done', many: { length: 100 } });
  });

  it('holds no bearer token, whatever text it got into', () => {
    const { logger, text } = listen();
    logger.info(`upstream was sent Authorization: Bearer ${KEY}`);
    logger.info({ note: `bearer ${KEY}` }, `Bearer%20${encodeURIComponent(KEY)}`);
    expectNoKey(text());
    expect(text()).toContain('[redacted]');
  });

  it('holds none of the secrets of the process in any form, whatever text they got into', () => {
    const { logger, text } = listen({ secrets: [KEY] });
    for (const form of FORMS) {
      logger.info(form);
      logger.info({ [form]: 1, note: `<${form}>` });
    }
    expectNoKey(text());
    for (const line of text().trim().split('\n')) expect(() => JSON.parse(line) as unknown).not.toThrow();
  });

  it('does not strike out ordinary words for a secret that is too short to be one', () => {
    const { logger, last } = listen({ secrets: ['list', ''] });
    logger.info('listening');
    expect(last()).toMatchObject({ msg: 'listening' });
  });

  it('holds no query of a URL in its text', () => {
    const { logger, last } = listen();
    logger.info('Route GET:/graphql?query={a(id:"x")}&variables={} not found');
    expect(last()).toMatchObject({ msg: expect.stringMatching(/^Route GET:\/graphql\?\[redacted\]/) });
    logger.info('ready? yes');
    expect(last()).toMatchObject({ msg: 'ready? yes' });
  });

  it('holds nothing of a request that Fastify logs', async () => {
    const { logger, text } = listen();
    const app = Fastify({ loggerInstance: logger });
    app.get('/graphql', (request) => {
      request.log.info({ req: request, raw: request.raw }, 'seen');
      throw new Error(`upstream said ${KEY}`);
    });
    await app.inject({ url: `/graphql?variables=${encodeURIComponent(KEY)}`, headers: { authorization: KEY } });
    await app.inject({ url: `/none?variables=${encodeURIComponent(KEY)}` });
    await app.close();
    expect(text()).toContain('"msg":"seen"');
    expect(text()).toContain('"type":"Error"');
    expectNoKey(text());
    expect(text()).not.toContain('variables');
  });
});

describe('an error in a log line', () => {
  it('keeps its type and code, and not the message of a library', async () => {
    const { error, port } = await connectionRefused();
    const { logger, text, last } = listen({ stacks: true });
    logger.error({ err: error }, 'a request failed');
    expect(last().err).toMatchObject({ type: 'Error', code: 'ECONNREFUSED', stack: expect.any(Array) });
    expect(last()).toMatchObject({ msg: 'a request failed' });
    logger.error(error);
    logger.error({ err: error });
    logger.error({ err: error }, error.message);
    logger.error(error, `failed: ${error.message}`);
    logger.error(new Error('a'), 'kept, though the message is in it');
    expect(last()).toMatchObject({ msg: 'kept, though the message is in it' });
    logger.error({ anything: error, list: [error], deep: { er: error } }, 'nested');
    logger.error('with a parameter: %o %s', error, 'x');
    logger.child({ err: error }).error('bound');
    expect(text()).not.toContain(String(port));
    expect(text()).not.toContain('127.0.0.1');
    expect(text()).toContain('an error occurred');
  });

  it('holds nothing of a body that could not be parsed', () => {
    const { logger, text, last } = listen({ stacks: true });
    try {
      JSON.parse(`${KEY} is no JSON`);
    } catch (error) {
      logger.error({ err: error }, 'no JSON');
    }
    expect(last().err).toMatchObject({ type: 'SyntaxError' });
    expectNoKey(text());
    expect(text()).not.toContain('is no JSON');
  });

  it('keeps the message of an error of this service', () => {
    class AimlError extends Error {
      override readonly name = 'AimlError';
      readonly code = 'UPSTREAM_TIMEOUT';
      readonly details = { upstream: KEY };
    }
    const { logger, text, last } = listen();
    logger.warn(new AimlError('The AIML API did not answer in time.'));
    expect(last()).toMatchObject({
      msg: 'The AIML API did not answer in time.',
      err: { type: 'AimlError', code: 'UPSTREAM_TIMEOUT', message: 'The AIML API did not answer in time.' },
    });
    expectNoKey(text());
  });

  it('takes the code of a GraphQL error, and nothing else of its extensions', () => {
    const { logger, last } = listen();
    const error = Object.assign(new Error(KEY), {
      name: 'GraphQLError',
      extensions: { code: 'BAD_REQUEST', more: KEY },
    });
    logger.warn({ err: error }, 'refused');
    expect(last().err).toEqual({ type: 'GraphQLError', code: 'BAD_REQUEST' });
  });

  it('has no stack unless stacks are asked for', () => {
    const quiet = listen();
    quiet.logger.error(new Error('x'));
    expect(quiet.last().err).toEqual({ type: 'Error' });
    const loud = listen({ stacks: true });
    loud.logger.error(new Error('x'));
    expect(loud.last().err?.stack?.[0]).toMatch(/^at .*logger\.test\.ts:\d+:\d+\)?$/);
  });

  it('has nothing in its stack but frames, whatever the message looks like', () => {
    const forged = `first\n    at http://upstream.test:8080/${KEY}:1:2\n    at f (http://upstream.test:1:2)\n${KEY}`;
    const changed = new Error(forged);
    changed.message = 'another';
    const { logger, text, last } = listen({ stacks: true });
    logger.error({ err: new Error(forged) }, 'a');
    expect(last().err?.stack?.length).toBeGreaterThan(0);
    logger.error({ err: changed }, 'b');
    expect(last().err?.stack?.length).toBeGreaterThan(0);
    expect(text()).not.toContain('upstream.test');
    expectNoKey(text());
  });

  it('does not believe a name or code that is none', () => {
    const { logger, last } = listen();
    logger.error({ err: Object.assign(new Error('x'), { name: `Err ${KEY}`, code: KEY }) }, 'odd');
    expect(last().err).toEqual({ type: 'Error' });
    logger.error({ err: Object.assign(new Error('x'), { name: 7, code: 404 }) }, 'odder');
    expect(last().err).toEqual({ type: 'Error' });
  });

  it('names its causes in the same way, a few levels deep', () => {
    const { logger, text, last } = listen();
    let error = new Error(KEY);
    for (let depth = 0; depth < 10; depth += 1) error = new TypeError(KEY, { cause: error });
    logger.error({ err: error }, 'deep');
    const cause = { type: 'TypeError' };
    expect(last().err).toEqual({ ...cause, cause: { ...cause, cause: { ...cause, cause } } });
    expectNoKey(text());
  });
});

describe('a logger for a library', () => {
  it('tells that something was said, and not what', () => {
    const { logger, text, last } = listen();
    const library = createLibraryLogger(logger, 'Apollo Server');
    const speak = library as unknown as Record<string, (message: string) => void>;
    for (const level of ['debug', 'info', 'warn', 'error']) speak[level]?.(`Unexpected error: ${KEY}`);
    expectNoKey(text());
    expect(text().trim().split('\n')).toHaveLength(4);
    expect(last()).toMatchObject({ level: 'error', msg: 'Apollo Server reported something' });
  });
});

describe('where log lines go', () => {
  it('is readable on a terminal, with the same things struck out', async () => {
    const written: string[] = [];
    const terminal = { write: (text: string) => void written.push(text) };
    const logger = createLogger('info', await createReadableDestination(terminal));
    logger.info({ url: 'http://localhost:4000', deep: { token: KEY } }, 'listening');
    expect(written.join('')).toMatch(/^.*INFO.*listening.*\n$/);
    expect(written.join('')).toContain('http://localhost:4000');
    expect(() => JSON.parse(written.join('')) as unknown).toThrow();
    expectNoKey(written.join(''));
  });

  it('gets nothing below the level', () => {
    const written: string[] = [];
    const logger = createLogger('warn', { write: (line) => void written.push(line) });
    logger.info('quiet');
    expect(written).toEqual([]);
  });
});
