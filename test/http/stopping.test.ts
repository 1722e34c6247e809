// What a signal does to clients, to calls in flight and to the process.
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { cleanUpLater } from '../support/cleanup.ts';
import { listeningUrl, runProcess, type RunningProcess } from '../support/process.ts';
import { openConnection } from '../support/raw-connection.ts';
import { sendJson, startScriptedUpstream, wireAssistant, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { casesOf, slowTest } from '../support/slow.ts';
import { readGauges } from '../support/gauges.ts';
import { query, startServiceOn } from '../support/service.ts';
import { until } from '../support/until.ts';
import { openSocket } from '../support/websocket.ts';

/** Longer than any test may take, so that the time-out never ends anything. */
const NEVER_MS = '600000';

interface Stopping {
  readonly service: RunningProcess;
  readonly url: string;
  readonly upstream: ScriptedUpstream;
  /** The number of requests that the service cancelled before they had a response. */
  readonly aborted: () => number;
  readonly release: () => void;
}

/** The service as a process, and an upstream that responds when it is released. */
async function start(shutdownTimeoutMs: string): Promise<Stopping> {
  let release = (): void => undefined;
  let aborted = 0;
  const released = new Promise<void>((resolve) => (release = resolve));
  const upstream = await startScriptedUpstream(async ({ path }, response) => {
    response.once('close', () => (aborted += response.writableFinished ? 0 : 1));
    await released;
    sendJson(response, 200, wireAssistant(path.split('/')[2] ?? 'asst_new'));
  });
  const service = runProcess({
    AIML_API_KEY: 'test-key',
    AIML_API_BASE_URL: upstream.url,
    UPSTREAM_DEADLINE_MS: NEVER_MS,
    UPSTREAM_ATTEMPT_TIMEOUT_MS: NEVER_MS,
    SHUTDOWN_TIMEOUT_MS: shutdownTimeoutMs,
  });
  return { service, url: await listeningUrl(service), upstream, aborted: () => aborted, release };
}

function post(document: string): string {
  const body = JSON.stringify({ query: document });
  return (
    'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
    `Content-Length: ${body.length}\r\n\r\n${body}`
  );
}
const READ = post('{ assistant(id: "asst_1") { id } }');
const CREATE = post('mutation { createAssistant(input: { model: "m" }) { assistant { id } } }');

const isStopping = ({ service }: Stopping): boolean => service.output().includes('stopping');

test('Incomplete requests are cut off, and a request in flight before one of them is finished', async () => {
  const running = await start(NEVER_MS);
  const { service, url, upstream, release } = running;
  const inFlight = await openConnection(url, READ + CREATE.slice(0, -1));
  const parts = await Promise.all(
    ['', 'POST /gra', CREATE.slice(0, 100), CREATE.slice(0, -1)].map((bytes) => openConnection(url, bytes)),
  );
  await until(() => upstream.calls.length === 1);
  service.child.kill('SIGTERM');
  await until(() => isStopping(running));
  await until(() => parts.every(({ socket }) => socket.closed));
  expect(inFlight.socket.closed).toBe(false);
  release();
  expect(await service.exit).toBe(0);
  await until(() => inFlight.socket.closed);
  expect(inFlight.received()).toContain('{"data":{"assistant":{"id":"asst_1"}}}');
  expect(inFlight.received().match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200']);
  expect(upstream.lines()).toEqual(['GET /assistants/asst_1']);
});

slowTest('A request that arrives completely within the time is finished', async () => {
  const running = await start(NEVER_MS);
  const { service, url, upstream, release } = running;
  release();
  const { socket, received } = await openConnection(url, CREATE.slice(0, -10));
  await query(url, '{ __typename }');
  service.child.kill('SIGTERM');
  await until(() => isStopping(running));
  socket.write(CREATE.slice(-10));
  await until(() => received().includes('asst_new'));
  expect(await service.exit).toBe(0);
  expect(upstream.lines()).toEqual(['POST /assistants']);
});

test.each(
  casesOf(1, [
    ['pipelined requests', READ + CREATE + READ],
    ['a read', READ],
    ['a create', CREATE],
  ]),
)('The process ends with 0 though upstream never responds to %s', async (_, bytes) => {
  const { service, url, upstream } = await start('500');
  const { socket } = await openConnection(url, bytes);
  await until(() => upstream.calls.length === 1);
  service.child.kill('SIGTERM');
  expect(await service.exit).toBe(0);
  await until(() => socket.closed);
});

test('Operations that still wait when SHUTDOWN_TIMEOUT_MS ends get an error with their outcome', async () => {
  const upstream = await startScriptedUpstream(() => undefined);
  const service = await startServiceOn(upstream, {
    UPSTREAM_CONNECTIONS: '2',
    UPSTREAM_DEADLINE_MS: NEVER_MS,
    UPSTREAM_ATTEMPT_TIMEOUT_MS: NEVER_MS,
    SHUTDOWN_TIMEOUT_MS: '400',
  });
  const { of, subscribe, state } = await openSocket(service);
  const create = 'mutation { createAssistant(input: { model: "m" }) { assistant { id } } }';
  const sent = [service.query('{ assistant(id: "asst_1") { id } }'), service.query(create)];
  await until(() => upstream.calls.length === 2);
  const unsent = service.query(create);
  subscribe('1', '{ assistant(id: "asst_2") { id } }');
  await until(async () => (await readGauges(service.url)).inFlight === 4);
  await service.stop();
  const responses = await Promise.all([...sent, unsent]);
  const codes = responses.map(({ errors }) => errors?.map(({ extensions: { code, outcome } }) => [code, outcome]));
  expect(codes).toEqual([
    [['UPSTREAM_UNAVAILABLE', undefined]],
    [['OUTCOME_UNKNOWN', 'UNKNOWN']],
    [['UPSTREAM_UNAVAILABLE', 'NOT_APPLIED']],
  ]);
  for (const { headers, errors } of responses) {
    expect(headers.get('connection')).toBe('close');
    expect(errors?.[0]?.extensions['requestId']).toBe(headers.get('x-request-id'));
  }
  expect(of('1')[0]).toMatchObject({ payload: { errors: [{ extensions: { code: 'UPSTREAM_UNAVAILABLE' } }] } });
  await until(() => state.closedWith === 1001);
  expect(upstream.calls).toHaveLength(2);
});

slowTest('The process exits with 0 although a client does not read its response', async () => {
  const { service, url, release } = await start('500');
  release();
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  cleanUpLater(() => socket.destroy());
  socket.on('error', () => undefined).write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(5000));
  await until(async () =>
    /^assistants_unsent_response_bytes [1-9]/m.test(await (await fetch(`${url}/metrics`)).text()),
  );
  service.child.kill('SIGTERM');
  expect(await service.exit).toBe(0);
});

slowTest('A write whose client has disconnected is finished before the process ends', async () => {
  const running = await start(NEVER_MS);
  const { service, url, upstream, aborted, release } = running;
  const { socket } = await openConnection(url, CREATE);
  const idle = await openConnection(url, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await until(() => upstream.calls.length === 1 && idle.received() !== '');
  socket.resetAndDestroy();
  service.child.kill('SIGTERM');
  await until(() => isStopping(running));
  let hasExited = false;
  void service.exit.then(() => (hasExited = true));
  // Idle connections are closed after a second, so only the write remains.
  await until(() => idle.socket.closed);
  expect([hasExited, aborted()]).toEqual([false, 0]);
  release();
  expect(await service.exit).toBe(0);
  expect(aborted()).toBe(0);
});

test('A signal during the start ends the process at once, with exit code 0', async () => {
  // Sends the signal as soon as the handler is installed.
  const preload = `process.on('newListener', (event) => {
    if (event === 'SIGTERM') setImmediate(() => process.kill(process.pid, 'SIGTERM'));
  });`;
  const started = runProcess({
    AIML_API_KEY: 'test-key',
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(preload)}`,
  });
  expect(await started.exit).toBe(0);
  expect(started.output()).not.toContain('listening');
});

test.each([['main.js'], ['local-aiml/main.js']])('SIGTERM during the start of %s ends with 0', async (entry) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'assistants-'));
  cleanUpLater(() => rm(dataDir, { recursive: true, force: true }));
  const preload = `process.on('newListener', (event) => {
      if (event === 'SIGTERM') process.stderr.write('handles signals');
    });`;
  const started = runProcess(
    { DATA_DIR: dataDir, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(preload)}` },
    { entry },
  );
  await until(() => started.output().includes('handles signals'));
  // As an orchestrator that stops a container at once: the process may be loading still, or be listening already.
  await sleep(Math.random() * 500);
  started.child.kill('SIGTERM');
  expect(await started.exit).toBe(0);
});

test.each([['main.js'], ['local-aiml/main.js']])('Signals are handled before %s loads its packages', async (entry) => {
  // Ends the process when it installs the handler, if a package has been loaded by then.
  const preload = `import { createRequire } from 'node:module';
    process.on('newListener', (event) => {
      if (event !== 'SIGTERM') return;
      const isLoaded = Object.keys(createRequire('/').cache).some((file) => /node_modules.(pino|fastify|libsql)/.test(file));
      process.exit(isLoaded ? 3 : 4);
    });`;
  const started = runProcess(
    { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(preload)}` },
    { entry },
  );
  expect(await started.exit).toBe(4);
});
