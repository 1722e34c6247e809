// The final outcome of a write whose attempts end in different ways.
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { hang, inTurn, json, reset, sendAndEnd, message, status, work } from '../support/raw-responses.ts';
import { startRawUpstream, type RawResponse } from '../support/raw-upstream.ts';
import { endSources, failureOf, startSource } from '../support/source.ts';
import { until } from '../support/until.ts';
import { wireAssistant } from '../support/scripted-upstream.ts';
import { slowTest } from '../support/slow.ts';

afterEach(endSources);

const NOT_APPLIED = { outcome: 'NOT_APPLIED' };
const UNKNOWN = { code: 'OUTCOME_UNKNOWN', outcome: 'UNKNOWN' };
const deletedFalse = json(200, { id: 'asst_1', deleted: false });
/** With a Retry-After of 0 s, so that tests with many responses are fast. */
const at0s = (code: number) => status(code, [['retry-after', '0']]);

describe('a delete', () => {
  test.each<[string, RawResponse[], number]>([
    ['429', [at0s(500), at0s(429)], 3],
    ['429, then 401', [at0s(500), at0s(429), status(401)], 3],
    ['400', [at0s(500), status(400)], 2],
    ['401', [at0s(500), status(401)], 2],
    ['402', [at0s(500), status(402)], 2],
    ['403', [at0s(500), status(403)], 2],
    ['409', [at0s(500), status(409)], 2],
    ['422', [at0s(500), status(422)], 2],
    ['deleted: false', [at0s(500), deletedFalse], 2],
    ['a redirect', [at0s(500), status(302)], 2],
    ['429, after 429', [at0s(429), at0s(408), at0s(429)], 3],
  ])('of unknown outcome stays UNKNOWN after a later response: %s', async (_name, responses, attempts) => {
    const { source, upstream } = await startSource(inTurn(...responses));
    expect(await failureOf(source.delete('asst_1'))).toMatchObject(UNKNOWN);
    expect(upstream.count('DELETE')).toBe(attempts);
  });

  test('of unknown outcome stays UNKNOWN if upstream is then unreachable', async () => {
    const { source, upstream, reports } = await startSource((socket) => {
      socket.end(message(503, '{}', [['connection', 'close']]));
      void upstream.stop();
    });
    expect(await failureOf(source.delete('asst_1'))).toMatchObject(UNKNOWN);
    expect(reports.map(({ kind }) => kind)).toEqual(['UNKNOWN', 'NOT_SENT', 'NOT_SENT']);
  });

  test.each([404, 410])('of unknown outcome was applied if a %i follows', async (code) => {
    const { source, upstream } = await startSource(inTurn(reset, at0s(500), status(code)));
    await expect(source.delete('asst_1')).resolves.toBeUndefined();
    expect(upstream.count('DELETE')).toBe(3);
  });

  test('was applied if a later attempt succeeds', async () => {
    const { source, upstream } = await startSource(inTurn(at0s(503), at0s(429), work()));
    await expect(source.delete('asst_1')).resolves.toBeUndefined();
    expect(upstream.count('DELETE')).toBe(3);
  });

  test('of a missing assistant is NOT_FOUND, also after a rejection', async () => {
    const { source } = await startSource(inTurn(at0s(429), status(404)));
    expect(await failureOf(source.delete('asst_1'))).toMatchObject({ ...NOT_APPLIED, code: 'NOT_FOUND' });
  });

  test('that upstream reports as not done is an error, and not retried', async () => {
    const { source, upstream } = await startSource(deletedFalse);
    expect(await failureOf(source.delete('asst_1'))).toMatchObject({
      ...NOT_APPLIED,
      code: 'UPSTREAM_BAD_RESPONSE',
      upstream: { status: 200 },
    });
    expect(upstream.count('DELETE')).toBe(1);
  });
});

describe('a create', () => {
  test.each<[string, RawResponse]>([
    ['a reset', reset],
    ['a 500', status(500)],
    ['a 408', status(408)],
    ['a truncated response', sendAndEnd('HTTP/1.1 201 X\r\ncontent-length: 9\r\n\r\n{')],
  ])('that was rejected twice and then met %s is UNKNOWN, and not retried', async (_name, response) => {
    const { source, upstream } = await startSource(inTurn(at0s(429), at0s(429), response));
    expect(await failureOf(source.create({ model: 'm' }))).toMatchObject(UNKNOWN);
    expect(upstream.count('POST')).toBe(3);
  });

  test('that was rejected three times was not applied', async () => {
    const { source, upstream } = await startSource(at0s(429));
    expect(await failureOf(source.create({ model: 'm' }))).toMatchObject({ ...NOT_APPLIED, code: 'RATE_LIMITED' });
    expect(upstream.count('POST')).toBe(3);
  });

  test('is sent once to an upstream that starts in time', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(1);
    const { source, upstream, reports } = await startSource(hang);
    await upstream.stop();
    const created = source.create({ model: 'm' });
    await until(() => reports.length > 0);
    const back = await startRawUpstream({ response: work(), port: upstream.port });
    await expect(created).resolves.toMatchObject({ model: 'm' });
    expect(back.count('POST')).toBe(1);
    await back.stop();
  });
});

describe('a modify', () => {
  const asRequested = json(200, wireAssistant('asst_1', { name: 'asked' }));
  const asBefore = json(200, wireAssistant('asst_1', { name: 'before' }));
  const modify = { name: 'asked' };

  test.each<[string, RawResponse]>([
    ['a reset', reset],
    ['a 503', status(503)],
    ['a 408', status(408)],
    ['a redirect', status(307)],
    ['an unreadable response', json(200, {})],
  ])(
    'that met %s is read back once, and was applied if the assistant has the requested values',
    async (_name, response) => {
      const { source, lines } = await startSource(inTurn(response, asRequested));
      await expect(source.modify('asst_1', modify)).resolves.toMatchObject({ name: 'asked' });
      expect(lines()).toEqual(['POST /assistants/asst_1', 'GET /assistants/asst_1']);
    },
  );

  test.each<[string, RawResponse]>([
    ['other values', asBefore],
    ['a 404', status(404)],
    ['a 503', at0s(503)],
    ['a 429', at0s(429)],
    ['no response', reset],
  ])('whose read-back gets %s is UNKNOWN, and neither is retried', async (_name, response) => {
    const { source, lines } = await startSource(inTurn(status(500), response));
    expect(await failureOf(source.modify('asst_1', modify))).toMatchObject(UNKNOWN);
    expect(lines()).toEqual(['POST /assistants/asst_1', 'GET /assistants/asst_1']);
  });

  test('that was rejected and then lost is read back', async () => {
    const { source, lines } = await startSource(inTurn(at0s(429), reset, asRequested));
    await expect(source.modify('asst_1', modify)).resolves.toMatchObject({ name: 'asked' });
    expect(lines()).toEqual([...Array<string>(2).fill('POST /assistants/asst_1'), 'GET /assistants/asst_1']);
  });

  slowTest('reserves a part of its deadline for the read-back', async () => {
    const { source, lines } = await startSource(inTurn(hang, asRequested), { deadlineMs: 5000 });
    await expect(source.modify('asst_1', modify)).resolves.toMatchObject({ name: 'asked' });
    expect(lines()).toEqual(['POST /assistants/asst_1', 'GET /assistants/asst_1']);
  });
});

describe('a deadline', () => {
  slowTest('that passes while a write waits for a connection leaves it NOT_APPLIED and unsent', async () => {
    const { another, upstream } = await startSource(hang, { connections: 1, attemptTimeoutMs: 2000 });
    const first = failureOf(another().create({ model: 'first' }));
    await until(() => upstream.count('POST') === 1);
    const late = await Promise.all([
      failureOf(another(1000).create({ model: 'late' })),
      failureOf(another(1000).modify('asst_1', { name: 'late' })),
      failureOf(another(1000).delete('asst_1')),
    ]);
    for (const details of late) expect(details).toMatchObject({ ...NOT_APPLIED, code: 'UPSTREAM_TIMEOUT' });
    expect(await first).toMatchObject(UNKNOWN);
    // The connection is free again, but the cancelled write is not sent.
    expect(await failureOf(another(1000).get('asst_2'))).toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    expect(upstream.requests.map(({ target }) => target)).toEqual(['/assistants', '/assistants/asst_2']);
  });

  test('that has passed already leaves a write NOT_APPLIED without a connection', async () => {
    const { another, upstream } = await startSource(work());
    expect(await failureOf(another(-1).create({ model: 'm' }))).toMatchObject({
      ...NOT_APPLIED,
      code: 'UPSTREAM_TIMEOUT',
    });
    expect(upstream.connections()).toBe(0);
  });

  test('that passes after a write was sent leaves it UNKNOWN', async () => {
    const { another } = await startSource(hang);
    const failures = await Promise.all([
      failureOf(another(1000).create({ model: 'm' })),
      failureOf(another(1000).modify('asst_1', { name: 'n' })),
      failureOf(another(1000).delete('asst_1')),
    ]);
    for (const details of failures) expect(details).toMatchObject(UNKNOWN);
  });
});
