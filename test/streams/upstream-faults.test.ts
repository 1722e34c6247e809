// Faults of the stream of a run at upstream. The run is still followed to its end, with its exact text, without
// duplicates, and it is created once.
import type { ServerResponse } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import type { ServiceOptions } from '../../src/service.ts';
import { leaksIn, withoutWrittenIds } from '../support/leaks.ts';
import {
  eventsOf,
  readMultipart,
  readSse,
  subscribe,
  textsOf,
  toArray,
  type RunEvent,
  type StreamResult,
} from '../support/run-events.ts';
import { sendJson } from '../support/scripted-upstream.ts';
import { startService, type TestService } from '../support/service.ts';
import { casesOf } from '../support/slow.ts';
import {
  drip,
  send,
  sendAndFlood,
  sendAndHang,
  sendAndReset,
  sendGzipped,
  sendHeadersOnly,
  sendUnknownCoding,
} from '../support/stream-bodies.ts';
import {
  BEGINNING,
  DONE,
  endOf,
  frame,
  startStreamUpstream,
  textDelta,
  wireRun,
  wireStep,
  type StreamUpstream,
  type StreamUpstreamOptions,
} from '../support/stream-upstream.ts';

const CREDENTIAL = 'sk+secret/key~of.the-service==';
const PIECES = ['The canary ', 'sings \u{1f469}\u200d\u{1f4bb} ', 'two\nlines "quoted".'];
const TEXT = PIECES.join('');
const DELTAS = PIECES.map(textDelta).join('');
const WHOLE = BEGINNING + DELTAS + endOf(TEXT) + DONE;
const MiB = 1024 * 1024;
const RUN = { threadId: 'thread_1', runId: 'run_1' };
const CREATE_RUN = `mutation { createRun(input: { threadId: "thread_1", assistantId: "asst_1" }) {
  run { id status } userErrors { code field }
} }`;

interface Setting {
  readonly upstream: StreamUpstream;
  readonly service: TestService;
}

/** No time-out of the service passes in a test that does not set it. */
async function start(
  options: Omit<StreamUpstreamOptions, 'text'>,
  { environment = {}, ...timeouts }: ServiceOptions & { readonly environment?: object } = {},
): Promise<Setting> {
  const upstream = await startStreamUpstream({ ...options, text: TEXT });
  const service = await startService(
    {
      UPSTREAM: 'aiml',
      AIML_API_KEY: CREDENTIAL,
      AIML_API_BASE_URL: upstream.url,
      UPSTREAM_DEADLINE_MS: '60000',
      ...environment,
    },
    { firstPollMs: 20, ...timeouts },
  );
  return { upstream, service };
}

const BEGUN = BEGINNING + textDelta(PIECES[0] ?? '');
/** Created only by the tests that send it. */
const longLine = () => `data: ${'x'.repeat(17 * MiB)}`;

const broken: readonly (readonly [name: string, create: (response: ServerResponse) => void])[] = [
  ['is reset', sendAndReset(BEGUN)],
  ['ends', send(BEGUN)],
  ['stops sending', sendAndHang(BEGUN)],
  ['turns into HTML', send(BEGUN, '<!doctype html><title>502</title>\n\n')],
  ['has an event that is not JSON', sendAndHang(BEGUN + frame('thread.message.delta', '{"id":'))],
  ['has an event of another shape', sendAndHang(BEGUN + frame('thread.run.completed', [1]))],
  ['has an error event', sendAndHang(BEGUN + frame('error', { error: { message: 'canary' } }))],
  ['has a done event before the run has ended', send(BEGUN + DONE)],
  ['has text of a message that was never created', sendAndHang(BEGUN.replace(/event: thread\.message\.created[^]*?\n\n/, '').replace(/event: thread\.message\.in_progress[^]*?\n\n/, ''))], // prettier-ignore
  ['is not UTF-8', send(BEGUN, Buffer.from([0x64, 0xff, 0xfe, 0x0a, 0x0a]))],
  ['has 64 MB', sendAndFlood(BEGUN)],
  ['has an event of more than 16 MiB', (response) => send(BEGUN, frame('new.event', { x: 'x'.repeat(17 * MiB) }), DELTAS)(response)], // prettier-ignore
  ['has a line without end', (response) => send(BEGUN, longLine())(response)],
  ['is truncated gzip', sendGzipped(BEGUN, { isCut: true })],
  ['is JSON instead', (response) => sendJson(response, 200, wireRun('queued'))],
];
const whole: readonly (readonly [name: string, create: (response: ServerResponse) => void])[] = [
  ['is as documented', send(WHOLE)],
  ['has no done event', send(BEGINNING + DELTAS + endOf(TEXT))],
  ['arrives a few bytes at a time', drip(WHOLE)],
  ['is compressed', sendGzipped(WHOLE)],
  ['has CRLF, comments, ids and retry', send(`: hi\r\nretry: 5\r\n\r\n${WHOLE.replaceAll('\n', '\r\n').replaceAll('event:', 'id: 7\r\nevent:')}`)], // prettier-ignore
];

async function createRun({ service }: Setting): Promise<void> {
  const { data, text } = await service.query(CREATE_RUN);
  if (!data) throw new Error(`a run was expected, got ${text}`);
  expect(data).toMatchObject({ createRun: { run: { id: 'run_1' }, userErrors: [] } });
}

const statesOf = (events: readonly RunEvent[]): string[] =>
  events
    .filter(({ messageId }) => messageId === undefined)
    .map(({ event, run, step, message }) => `${event} ${run?.status ?? step?.status ?? message?.status ?? ''}`);

function expectWhole(events: readonly RunEvent[]): void {
  expect(events.at(-1)?.run).toMatchObject({ status: 'COMPLETED', hasEnded: true });
  expect(textsOf(events)).toEqual(new Map([['msg_1', TEXT]]));
  expect(new Set(statesOf(events)).size).toBe(statesOf(events).length);
}

function expectNoLeaks({ service, upstream }: Setting, errors: unknown = null): void {
  const secrets = { credential: CREDENTIAL, upstream: new URL(upstream.url), texts: ['canary', 'thread_1', 'run_1'] };
  expect(leaksIn([JSON.stringify(errors), ...withoutWrittenIds(service.logs)], secrets)).toEqual([]);
}

describe('if the stream of upstream', () => {
  test.each(casesOf(5, broken))(
    '%s, the run is polled instead, and nothing is missing or duplicated',
    async (_name, create) => {
      const setting = await start({ create }, { streamIdleTimeoutMs: 500 });
      await createRun(setting);
      const [early, late] = await Promise.all([
        subscribe(setting.service, RUN).then((response) => eventsOf(readSse(response))),
        subscribe(setting.service, RUN, { accept: MULTIPART }).then((response) => eventsOf(readMultipart(response))),
      ]);
      expectWhole(early);
      expectWhole(late);
      expect(setting.upstream.counts().creates).toBe(1);
      expectNoLeaks(setting);
    },
  );

  test.each(whole)('%s, nothing else is read', async (_name, create) => {
    const setting = await start({ create });
    await createRun(setting);
    const events = await eventsOf(readSse(await subscribe(setting.service, RUN)));
    expectWhole(events);
    expect(statesOf(events)).toHaveLength(10);
    // The run is looked up once, with the credential of the caller.
    expect(setting.upstream.counts()).toEqual({ creates: 1, reads: 1 });
    expect(setting.upstream.lines().filter((line) => line.startsWith('GET'))).toHaveLength(1);
    expectNoLeaks(setting);
  });

  test('has unknown events, they are passed on and do not end it', async () => {
    const added = [
      frame('thread.run.thinking', { a: { b: [1] } }),
      frame('thread.message.liked', { by: 'nobody' }),
      frame('weather', 'sunny'),
      frame('numbers', [1, 2]),
      'data: {"no":"name"}\n\n',
    ];
    const setting = await start({ create: send(added[0] ?? '', BEGINNING, ...added, DELTAS, endOf(TEXT), DONE) });
    await createRun(setting);
    const query = `subscription Follow($threadId: ID!, $runId: ID!) { runEvents(threadId: $threadId, runId: $runId) {
      __typename cursor event ... on UnknownRunEvent { raw } ... on RunStateEvent { run { id status hasEnded } }
      ... on MessageTextEvent { messageId offset text }
    } }`;
    const events = await eventsOf(readSse(await subscribe(setting.service, RUN, { query })));
    const unknown = events.filter(({ __typename }) => __typename === 'UnknownRunEvent') as (RunEvent & {
      raw: unknown;
    })[];
    expect(events[0]).toMatchObject({ __typename: 'RunStateEvent', event: 'thread.run.created' });
    expect(unknown.map(({ event, raw }) => [event, raw])).toEqual([
      ['thread.run.thinking', { a: { b: [1] } }],
      ['thread.run.thinking', { a: { b: [1] } }],
      ['thread.message.liked', { by: 'nobody' }],
      ['weather', null],
      ['numbers', null],
      ['message', { no: 'name' }],
    ]);
    expect(textsOf(events)).toEqual(new Map([['msg_1', TEXT]]));
    expect(setting.upstream.counts()).toEqual({ creates: 1, reads: 1 });
  });

  test('has an event of 15 MiB, it is passed on and does not end it', async () => {
    const large = frame('large', { x: 'x'.repeat(15 * MiB) });
    const setting = await start({ create: send(BEGINNING, large, DELTAS, endOf(TEXT), DONE) });
    await createRun(setting);
    const events = await eventsOf(readSse(await subscribe(setting.service, RUN)));
    expect(statesOf(events)).toContain('large ');
    expectWhole(events);
    expect(setting.upstream.counts()).toEqual({ creates: 1, reads: 1 });
  });

  test('has unknown states, they are passed on as UNKNOWN and do not end it', async () => {
    const setting = await start({
      create: send(BEGINNING, frame('thread.run.paused', wireRun('paused')), frame('thread.run.step.paused', wireStep('paused')), DELTAS, endOf(TEXT), DONE), // prettier-ignore
    });
    await createRun(setting);
    const events = await eventsOf(readSse(await subscribe(setting.service, RUN)));
    expect(statesOf(events)).toContain('thread.run.paused UNKNOWN');
    expect(statesOf(events)).toContain('thread.run.step.paused UNKNOWN');
    expect(textsOf(events)).toEqual(new Map([['msg_1', TEXT]]));
  });

  test('is cut and the run is polled, no state is repeated', async () => {
    const setting = await start({
      create: sendAndReset(BEGUN),
      read: (response, index) =>
        index % 3 === 2
          ? response.socket?.resetAndDestroy()
          : sendJson(response, 200, wireRun(index < 8 ? 'in_progress' : 'completed')),
    });
    await createRun(setting);
    const events = await eventsOf(readSse(await subscribe(setting.service, RUN)));
    expectWhole(events);
  });
});

const MULTIPART = 'multipart/mixed;subscriptionSpec=1.0';
const UNKNOWN = { code: 'OUTCOME_UNKNOWN', outcome: 'UNKNOWN', retryable: false };

describe('if upstream responds to the create of a run with', () => {
  test.each(
    casesOf<readonly [string, (response: ServerResponse) => void, object, number]>(14, [
      ['a reset', (response) => response.socket?.resetAndDestroy(), UNKNOWN, 1],
      ['nothing', () => undefined, UNKNOWN, 1],
      ['a stream without a body', sendHeadersOnly, UNKNOWN, 1],
      ['a stream without events', send(), UNKNOWN, 1],
      ['a stream that is reset before its first event', sendAndReset(': \n'), UNKNOWN, 1],
      ['a stream of HTML', send('<!doctype html>\n\n'), UNKNOWN, 1],
      ['a stream that begins with an error', send(frame('error', { error: { message: 'canary' } })), UNKNOWN, 1],
      ['a stream that begins with an invalid run', send(frame('thread.run.created', '{')), UNKNOWN, 1],
      ['a stream in an unknown coding', sendUnknownCoding, UNKNOWN, 1],
      ['HTML', (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'), UNKNOWN, 1],
      ['JSON that is not a run', (response) => sendJson(response, 200, { fine: true }), UNKNOWN, 1],
      ['503', (response) => sendJson(response, 503, { message: 'canary' }), UNKNOWN, 1],
      [
        '429',
        (response) => sendJson(response, 429, { message: 'canary' }, { 'retry-after': '0' }),
        { code: 'RATE_LIMITED', outcome: 'NOT_APPLIED', retryable: true },
        3,
      ],
      ['401', (response) => sendJson(response, 401, { message: 'canary' }), { code: 'UNAUTHENTICATED', outcome: 'NOT_APPLIED' }, 1], // prettier-ignore
      ['a stream of 64 MB of comments', sendAndFlood(''), UNKNOWN, 1],
      ['a stream whose first event has 17 MiB', (response) => send(longLine())(response), UNKNOWN, 1],
    ]),
  )('%s, the caller gets the outcome of the create', async (_name, create, extensions, creates) => {
    const setting = await start({ create }, { environment: { UPSTREAM_ATTEMPT_TIMEOUT_MS: '2000' } });
    const { errors } = await setting.service.query(CREATE_RUN);
    expect(errors).toMatchObject([{ path: ['createRun'], extensions }]);
    expect(setting.upstream.counts().creates).toBe(creates);
    expectNoLeaks(setting, errors);
  });
});

describe('if upstream rejects the stream of a run', () => {
  const rejections: readonly (readonly [string, object])[] = [
    ['names the parameter', { error: { message: "Unsupported value: 'stream'.", param: 'stream', code: 'unsupported_value' } }], // prettier-ignore
    ['says it in words', { message: 'This model does not support streaming', statusCode: 400 }],
  ];

  test.each(rejections)('and %s, the run is created without one, and polled', async (_name, body) => {
    const setting = await start({
      create: (response, index) => sendJson(response, index === 0 ? 400 : 200, index === 0 ? body : wireRun('queued')),
    });
    await createRun(setting);
    expectWhole(await eventsOf(readSse(await subscribe(setting.service, RUN))));
    const creates = setting.upstream.calls.filter(({ method }) => method === 'POST');
    expect(creates.map((create) => create.body)).toEqual([
      { assistant_id: 'asst_1', stream: true },
      { assistant_id: 'asst_1' },
    ]);
  });

  test('for another reason, the rejection is reported and nothing is sent again', async () => {
    const setting = await start({
      create: (response) => sendJson(response, 400, { message: 'The upstreamed model is unknown' }),
    });
    const { data } = await setting.service.query(CREATE_RUN);
    expect(data).toMatchObject({ createRun: { run: null, userErrors: [{ code: 'REJECTED_BY_UPSTREAM' }] } });
    expect(setting.upstream.counts().creates).toBe(1);
  });
});

describe('if the run can no longer be followed', () => {
  test.each<readonly [string, number, object]>([
    ['because the key is not accepted', 401, { code: 'UNAUTHENTICATED', retryable: false }],
    ['because it does not exist any more', 404, { code: 'BAD_USER_INPUT', retryable: false }],
    ['because upstream is unavailable', 503, { code: 'UPSTREAM_UNAVAILABLE', retryable: true }],
  ])('%s, the stream ends with an error that says whether to reconnect', async (_name, status, extensions) => {
    for (const [accept, read] of [
      ['text/event-stream', readSse],
      [MULTIPART, readMultipart],
    ] as const) {
      const readRun: StreamUpstreamOptions['read'] = (response, index) =>
        index === 0
          ? sendJson(response, 200, wireRun('in_progress'))
          : sendJson(response, status, { message: 'canary' });
      const setting = await start({ create: sendAndReset(BEGUN), read: readRun }, { maxFailingMs: 300 });
      await createRun(setting);
      const results: StreamResult[] = await toArray(read(await subscribe(setting.service, RUN, { accept })));
      expect(results.at(-1)).toMatchObject({
        errors: [{ extensions: { ...extensions, requestId: expect.any(String) } }],
      });
      const events = results.slice(0, -1).map(({ data }) => data?.runEvents.event);
      expect(events).toContain('thread.message.delta');
      expectNoLeaks(setting, results.at(-1)?.errors);
      const entry = setting.service.logs.find(({ operationName }) => operationName === 'Follow');
      expect(entry).toMatchObject({ end: 'failed', outcome: 'error' });
    }
  });
});

test('an invalid or rate-limited response to one poll does not end the stream', async () => {
  const setting = await start({
    create: (response) => sendJson(response, 200, wireRun('queued')),
    read: (response, index) => {
      if (index === 1) response.writeHead(200, { 'content-type': 'text/html' }).end('<p>proxy</p>');
      else if (index === 2) sendJson(response, 429, { message: 'slow down' }, { 'retry-after': '0' });
      else sendJson(response, 200, wireRun(index < 4 ? 'in_progress' : 'completed'));
    },
  });
  await createRun(setting);
  expectWhole(await eventsOf(readSse(await subscribe(setting.service, RUN))));
});
