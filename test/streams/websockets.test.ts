// WebSockets of graphql-transport-ws: messages, errors and limits.
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { cleanUpLater } from '../support/cleanup.ts';
import { RUN_EVENTS, startRun } from '../support/run-events.ts';
import { startService, type TestService } from '../support/service.ts';
import { readGauges, readOpenStreams } from '../support/gauges.ts';
import { slowTest } from '../support/slow.ts';
import { until } from '../support/until.ts';
import { connect, openSocket, socketUrl } from '../support/websocket.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService({ UPSTREAM: 'local' });
});

/** The test sends `connection_init` itself. */
const MANUAL = { connectionParams: null };
describe('a WebSocket', () => {
  test('can send queries, and gets errors with codes and request ids', async () => {
    const client = connect(service);
    const [result] = await Promise.all([client.iterate({ query: '{ __typename }' }).next()]);
    expect(result.value).toEqual({ data: { __typename: 'Query' } });
    const { messages, send } = await openSocket(service, MANUAL);
    send({ type: 'connection_init' });
    await until(() => messages.length === 1);
    send({ type: 'subscribe', id: '1', payload: { query: '{ nothing }' } });
    send({
      type: 'subscribe',
      id: '2',
      payload: { query: RUN_EVENTS, variables: { threadId: 'thread_1', runId: 'run_1' } },
    });
    await until(() => messages.length === 3);
    const extensions = (code: string) => [{ extensions: { code, requestId: expect.any(String) } }];
    expect(messages).toContainEqual(
      expect.objectContaining({
        type: 'error',
        id: '1',
        payload: [expect.objectContaining(extensions('GRAPHQL_VALIDATION_FAILED')[0] ?? {})],
      }),
    );
    expect(messages.find(({ id }) => id === '2')).toMatchObject({
      type: 'error',
      payload: extensions('BAD_USER_INPUT'),
    });
  });

  test('is rejected for a page of another site, and opened for a page of the service', async () => {
    const { host } = new URL(service.url);
    for (const origin of ['https://evil.example', 'null', `https://${host}.evil.example`])
      expect((await openSocket(service, { ...MANUAL, origin })).state.status).toBe(403);
    expect((await openSocket(service, { ...MANUAL, origin: `http://${host}` })).state.status).toBeNull();
  });

  test('is closed with 4406 if the client offers no subprotocol that the service supports', async () => {
    for (const protocols of [undefined, 'graphql-ws', 'soap, graphql-transport-ws2', 'graphql-transport-ws, soap']) {
      const request = get(socketUrl(service).replace('ws', 'http'), {
        headers: {
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': Buffer.alloc(16).toString('base64'),
          ...(protocols && { 'sec-websocket-protocol': protocols }),
        },
      });
      const [response, socket, head] = (await once(request, 'upgrade')) as [IncomingMessage, Socket, Buffer];
      cleanUpLater(() => socket.destroy());
      expect(response.statusCode).toBe(101);
      const isSupported = protocols === 'graphql-transport-ws, soap';
      expect(response.headers['sec-websocket-protocol']).toBe(isSupported ? 'graphql-transport-ws' : undefined);
      if (isSupported) continue;
      const frames = [head];
      socket.on('data', (chunk: Buffer) => frames.push(chunk));
      // A close frame: two bytes of header, then the code.
      await until(() => Buffer.concat(frames).length >= 4);
      const frame = Buffer.concat(frames);
      expect([frame[0], frame.readUInt16BE(2)]).toEqual([0x88, 4406]);
    }
  });

  test('is closed if a message is larger than 1 MiB', async () => {
    const large = await openSocket(service, MANUAL);
    large.send({ type: 'connection_init', payload: { text: 'x'.repeat(1024 * 1024) } });
    await until(() => large.state.closedWith !== null);
    expect(large.state.closedWith).toBe(1009);
  });

  const query = (variables: string): string =>
    `{"type":"subscribe","id":"1","payload":{"query":"{ __typename }","variables":{"x":${variables}}}}`;
  test.each([
    ['more than 16 KiB before the connection_ack', MANUAL, `{"type":"ping","payload":{"x":"${'x'.repeat(16_384)}"}}`],
    ['a part of more than 80 KiB before the connection_ack', MANUAL, 'part'],
    ['more than 50,000 brackets and commas', {}, query(`[${'[],'.repeat(20_000)}[]]`)],
    [
      'more than 20,000 members',
      {},
      query(`{${Array.from({ length: 20_001 }, (_, index) => `"${index}":1`).join(',')}}`),
    ],
    [
      'names of more than 256 KiB',
      {},
      query(`{${Array.from({ length: 5000 }, (_, index) => `"${String(index).padStart(57, 'k')}":1`).join(',')}}`),
    ],
    ['256 levels', {}, query('['.repeat(3000) + ']'.repeat(3000))],
    ['a ping of 256 levels', {}, `{"type":"ping","payload":{"x":${'['.repeat(3000)}${']'.repeat(3000)}}}`],
    ['a type that only servers send', {}, '{"type":"next","id":"1","payload":{}}'],
  ])('is closed for a message of %s', async (_what, options, message) => {
    const { socket, state } = await openSocket(service, options);
    if (message === 'part') socket.send('x'.repeat(100_000), { fin: false });
    else socket.send(message);
    await until(() => state.closedWith !== null);
    expect(state.closedWith).toBe(4400);
  });

  test.each([
    ['a short id', 'secret'],
    ['an id that is longer than the reason of a close can be', 'secret'.repeat(40)],
    ['an id that is longer than is allowed', 'secret'.repeat(100)],
  ])('is closed with 4409, without the id, if two operations in flight have %s', async (_what, id) => {
    const { socket, state, subscribe } = await openSocket(service);
    const reasons: string[] = [];
    socket.on('close', (_code, reason) => reasons.push(reason.toString()));
    subscribe(id, '{ assistants { nodes { id } } }');
    subscribe(id, '{ assistants { nodes { id } } }');
    await until(() => state.closedWith !== null);
    expect(state.closedWith).toBe(4409);
    expect(reasons).toEqual(['An operation with this id is in flight.']);
  });

  test('gets BAD_REQUEST for an operation with a long id', async () => {
    const { messages, send } = await openSocket(service);
    send({ type: 'subscribe', id: 'x'.repeat(257), payload: { query: '{ __typename }' } });
    await until(() => messages.length === 2);
    expect(messages[1]).toMatchObject({ type: 'error', payload: [{ extensions: { code: 'BAD_REQUEST' } }] });
  });

  test('that is rejected or closed, and each operation that it may not have, is logged and counted', async () => {
    // A socket of another test may be logged after the end of that test.
    const own = await startService({ UPSTREAM: 'local' });
    const { logs } = own;
    const rejectedSockets = async (code: number): Promise<number> => {
      const text = await (await fetch(`${own.url}/metrics`)).text();
      return Number(
        new RegExp(`^assistants_websockets_rejected_total\\{code="${code}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0,
      );
    };
    await openSocket(own, { ...MANUAL, origin: 'https://evil.example' });
    await openSocket(own, { ...MANUAL, protocol: 'graphql-ws' });
    const large = await openSocket(own);
    large.socket.send('x'.repeat(1024 * 1024 + 1));
    const invalid = await openSocket(own);
    invalid.socket.send('no JSON');
    const { messages, send } = await openSocket(own);
    send({ type: 'subscribe', id: 'x'.repeat(257), payload: { query: '{ __typename }' } });
    await until(() => messages.length === 2 && logs.filter(({ msg }) => msg === 'a WebSocket was closed').length === 3);
    const [error] = messages[1]?.payload as readonly { readonly extensions: { readonly requestId: string } }[];
    expect(logs).toContainEqual(
      expect.objectContaining({
        msg: 'request rejected',
        requestId: error?.extensions.requestId,
        errorCodes: ['BAD_REQUEST'],
      }),
    );
    expect(logs).toContainEqual(expect.objectContaining({ msg: 'request rejected', status: 403 }));
    expect(logs.flatMap(({ closeCode }) => closeCode ?? []).sort()).toEqual([1009, 4400, 4406]);
    expect(await Promise.all([4406, 1009, 4400].map(rejectedSockets))).toEqual([1, 1, 1]);
  });

  test('whose caller is known has it in the entries of its errors and of its end', async () => {
    const own = await startService({ UPSTREAM: 'local' });
    const { logs } = own;
    const { of, send, subscribe: start, socket, state } = await openSocket(own);
    start('1', '{ assistants(first: 1) { nodes { id } } }');
    await until(() => of('1').some(({ type }) => type === 'complete'));
    send({ type: 'subscribe', id: 'x'.repeat(257), payload: { query: '{ __typename }' } });
    socket.send('no JSON');
    const entries = ['operation', 'request rejected', 'a WebSocket was closed'];
    await until(() => state.closedWith === 4400 && entries.every((name) => logs.some(({ msg }) => msg === name)));
    const tenants = entries.map((name) => logs.find(({ msg }) => msg === name)?.['tenant']);
    expect(tenants[0]).toMatch(/^[\w-]{8}$/);
    expect(new Set(tenants).size).toBe(1);
  });

  test('is closed for a part of a message if 48 MiB of parts have arrived, until others have ended', async () => {
    const PART = 1_000_000;
    const opened = await Promise.all(Array.from({ length: 60 }, () => openSocket(service)));
    for (const { socket } of opened) socket.send('x'.repeat(PART), { fin: false });
    await until(() => opened.some(({ state }) => state.closedWith !== null));
    const closed = opened.flatMap(({ state }) => (state.closedWith === null ? [] : [state.closedWith]));
    expect(new Set(closed)).toEqual(new Set([1013]));
    expect(closed.length).toBeLessThan(30);
    for (const { socket } of opened) socket.terminate();
    await until(async () => {
      const { socket, of, state } = await openSocket(service);
      socket.send(query(`"${'x'.repeat(PART)}"`));
      await until(() => of('1').length === 2 || state.closedWith !== null);
      return of('1')[0]?.type === 'next';
    });
  });

  test('is not read from while more than 1 MiB of its messages is unread', async () => {
    const PINGS = 96;
    const { socket, messages } = await openSocket(service);
    socket.pause();
    const ping = `{"type":"ping","payload":{"x":"${'x'.repeat(256 * 1024)}"}}`;
    for (let sent = 0; sent < PINGS; sent += 1) socket.send(ping);
    await until(async () => (await readGauges(service.url)).unsentBytes > 1024 * 1024);
    expect((await readGauges(service.url)).unsentBytes).toBeLessThan(2 * 1024 * 1024);
    socket.resume();
    await until(() => messages.filter(({ type }) => type === 'pong').length === PINGS);
    await until(async () => (await readGauges(service.url)).unsentBytes < 64 * 1024);
  });

  test('is closed if its client reads nothing for too long, or a message takes too long to arrive', async () => {
    const impatient = await startService({ UPSTREAM: 'local' }, { stallTimeoutMs: 1000, heartbeatMs: 400 });
    const silent = await openSocket(impatient);
    silent.socket.send('x'.repeat(100_000), { fin: false });
    const deaf = await openSocket(impatient);
    deaf.socket.pause();
    const ping = `{"type":"ping","payload":{"x":"${'x'.repeat(512 * 1024)}"}}`;
    for (let sent = 0; sent < 48; sent += 1) deaf.socket.send(ping);
    await until(() => impatient.logs.some(({ reason }) => reason === 'STALLED'));
    await until(() => silent.state.closedWith !== null);
    expect(silent.state.closedWith).toBe(1008);
    await until(async () => (await readGauges(impatient.url)).unsentBytes < 64 * 1024);
  });

  test('can have 20 concurrent operations, and gets OVERLOADED for one more', async () => {
    const run = await startRun(service, '/hang');
    const { messages, send, socket } = await openSocket(service, MANUAL);
    send({ type: 'connection_init' });
    await until(() => messages.length === 1);
    for (let id = 0; id < 21; id += 1)
      send({ type: 'subscribe', id: String(id), payload: { query: RUN_EVENTS, variables: run } });
    await until(() => messages.some(({ type }) => type === 'error'));
    expect(messages.filter(({ type }) => type === 'error')).toMatchObject([
      { payload: [{ extensions: { code: 'OVERLOADED' } }] },
    ]);
    await until(() => new Set(messages.filter(({ type }) => type === 'next').map(({ id }) => id)).size === 20);
    send({ type: 'complete', id: '0' });
    send({ type: 'subscribe', id: 'again', payload: { query: RUN_EVENTS, variables: run } });
    await until(() => messages.some(({ id, type }) => id === 'again' && type === 'next'));
    socket.close();
    await until(async () => (await readOpenStreams(service))['websocket'] === 0);
  });
});

slowTest('a socket without connection_init is closed after five seconds', async () => {
  const service = await startService({ UPSTREAM: 'local' });
  const { state } = await openSocket(service, { connectionParams: null });
  await until(() => state.closedWith !== null);
  expect(state.closedWith).toBe(4408);
  const early = await openSocket(service, { connectionParams: null });
  early.subscribe('1', '{ __typename }');
  await until(() => early.state.closedWith !== null);
  expect(early.state.closedWith).toBe(4401);
});
