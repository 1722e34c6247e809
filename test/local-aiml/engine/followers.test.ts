import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, expect, test } from '@jest/globals';
import Fastify from 'fastify';
import type { LocalAiml } from '../../../src/local-aiml/server.ts';
import { ConnectionTracker } from '../../../src/runtime/connection-tracker.ts';
import { LiveMessage, LiveRuns, type LiveRun } from '../../../src/local-aiml/engine/live-runs.ts';
import { RunStreams } from '../../../src/local-aiml/engine/streams/run-streams.ts';
import type { Store } from '../../../src/local-aiml/store/store.ts';
import { openStore } from '../../../src/local-aiml/store/sqlite/sqlite-store.ts';
import type { WorkStore } from '../../../src/local-aiml/store/work-store.ts';
import { cleanUpLater } from '../../support/cleanup.ts';
import { until } from '../../support/until.ts';
import { createFolder, startHere } from '../support.ts';
import { ConversationClient, type WireRun } from './conversation-client.ts';
import { namesOf, openEvents, textsOf, type StreamedEvent } from './event-stream.ts';

/** One piece of text of the worker, whose role the tests play. */
const PIECE = 'x'.repeat(200_000);
/** Together more than the buffers of both ends of a connection. */
const PIECES = 48;
const NEVER_MS = 3_600_000;

let localAiml: LocalAiml;
let url: string;
let run: WireRun;
let liveRuns: LiveRuns;
let live: LiveRun;
let responses: ServerResponse[];
let store: Store;
let slowStreams: RunStreams;
/** Those in progress. */
let slowReads: number;

/** A run whose message is open in the store, and streams with short time-outs as in another process. */
beforeEach(async () => {
  const dataDir = await createFolder();
  localAiml = await startHere({ dataDir });
  const client = new ConversationClient(localAiml.url);
  run = await client.start('/hang after 1', await client.createAssistant());
  await until(async () => (await client.messages(run.thread_id)).length === 2);
  const messageId = (await client.messages(run.thread_id))[0]?.id ?? '';

  const opened = await openStore(dataDir, () => undefined);
  cleanUpLater(() => opened.close());
  store = opened;
  const { work } = store;
  liveRuns = new LiveRuns();
  live = liveRuns.add(run.id);
  live.message = new LiveMessage(messageId);
  responses = [];
  const app = Fastify({ forceCloseConnections: true });
  // A busy store reads a turn of the event loop later, or more.
  slowReads = 0;
  const snapshot: WorkStore['snapshot'] = async (id) => {
    slowReads++;
    await sleep(20);
    slowReads--;
    return work.snapshot(id);
  };
  slowStreams = new RunStreams({ ...work, snapshot }, liveRuns, { heartbeatMs: 50 });
  for (const [path, streams, stallTimeoutMs] of [
    ['/events', new RunStreams(work, liveRuns, { heartbeatMs: 50 }), NEVER_MS],
    ['/impatient', new RunStreams(work, liveRuns, { heartbeatMs: 50 }), 2500],
    ['/slow', slowStreams, NEVER_MS],
  ] as const) {
    const connections = new ConnectionTracker({ stallTimeoutMs, onDisconnect: () => undefined });
    app.get(path, (request, reply) => {
      responses.push(reply.raw);
      return streams.open({ runId: run.id, from: 'joined' }, reply, connections.begin(request.raw, reply.raw));
    });
    cleanUpLater(() => streams.stop());
    cleanUpLater(() => connections.close());
  }
  url = await app.listen({ host: '127.0.0.1', port: 0 });
  cleanUpLater(() => app.close());
});

function write(text: string): void {
  live.message?.append('text', text);
  liveRuns.changed(run.id);
}

test('A client that reads nothing holds one unsent event, is disconnected, and delays no other client', async () => {
  const { hostname, port } = new URL(url);
  const stalled = connect(Number(port), hostname);
  cleanUpLater(() => stalled.destroy());
  stalled.pause();
  stalled.write('GET /impatient HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await until(() => responses.length === 1);
  const [slow] = responses;
  const closed = slow && once(slow, 'close');

  const events: StreamedEvent[] = [];
  let received = 0;
  const reading = (async () => {
    for await (const event of await openEvents(`${url}/impatient`)) {
      events.push(event);
      if (event.event === 'thread.message.delta') received += JSON.stringify(event.data).length;
    }
  })().catch(() => undefined);
  await until(() => events.some(({ event }) => event === 'thread.message.created'));
  for (let piece = 1; piece <= PIECES; piece++) {
    write(PIECE);
    await until(() => received >= piece * PIECE.length);
    expect(slow?.writableLength).toBeLessThan(3 * PIECE.length);
  }
  await closed;
  expect(slow?.writableFinished).toBe(false);
  write('still there');
  await until(() => [...textsOf(events).values()].join('').endsWith('still there'));
  responses[1]?.destroy();
  await reading;
});

const lengthOf = (events: readonly StreamedEvent[]): number => [...textsOf(events).values()].join('').length;

/** Assembling all texts again for each event would take too long. */
const deltaLengthOf = ({ data }: StreamedEvent): number =>
  (data['delta'] as { content: { text: { value: string } }[] }).content.reduce(
    (sum, { text }) => sum + text.value.length,
    0,
  );

test('A slow client gets larger pieces and the complete text', async () => {
  const events = await openEvents(`${url}/events`);
  const read: StreamedEvent[] = [];
  for (let piece = 0; piece < PIECES; piece++) {
    write(PIECE);
    await new Promise((resolve) => setImmediate(resolve));
    if (piece % 16 === 0) read.push((await events.next()).value as StreamedEvent);
  }
  let received = lengthOf(read);
  while (received < PIECES * PIECE.length) {
    const event = (await events.next()).value as StreamedEvent;
    read.push(event);
    received += event.event === 'thread.message.delta' ? deltaLengthOf(event) : 0;
  }
  expect(lengthOf(read)).toBe(PIECES * PIECE.length);
  responses[0]?.destroy();
});

test('A stream without events sends comments', async () => {
  const response = await fetch(`${url}/events`);
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += new TextDecoder().decode(chunk as Uint8Array);
    if ((text.match(/^:/gm) ?? []).length >= 3) break;
  }
  expect(text).toContain('thread.run.in_progress');
});

test('A hundred followers of one run get the same events, and no character is split between events', async () => {
  const followers = await Promise.all(Array.from({ length: 100 }, () => openEvents(`${url}/events`)));
  const all: StreamedEvent[][] = followers.map(() => []);
  const reading = followers.map(async (events, index) => {
    try {
      for await (const event of events) all[index]?.push(event);
    } catch {
      // Cut at the end of the test.
    }
  });
  const emoji = '😀';
  for (const piece of ['Hello ', emoji.slice(0, 1), emoji.slice(1), ' you']) {
    write(piece);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await until(() => all.every((events) => [...textsOf(events).values()].join('') === `Hello ${emoji} you`));
  for (const { event, data } of all[0] ?? [])
    if (event === 'thread.message.delta') expect(JSON.stringify(data)).not.toContain('\\ud');
  for (const response of responses) response.destroy();
  await Promise.all(reading);
});

test('A client gets the end of a run that is being read when the notification of it comes', async () => {
  // Its writes would notify the client once more.
  await localAiml.stop();
  const events: StreamedEvent[] = [];
  const reading = (async () => {
    for await (const event of await openEvents(`${url}/slow`)) events.push(event);
  })();
  await until(() => slowReads === 0 && events.some(({ event }) => event === 'thread.message.in_progress'));
  const tally = { modelCalls: 0, usage: null, costUsd: null };
  await store.work.endRun({ runId: run.id, attempt: 1 }, { status: 'cancelled' }, tally);
  await slowStreams.refresh(run.id);
  await reading;
  expect(namesOf(events).slice(-2)).toEqual(['thread.run.cancelled', 'done']);
});
