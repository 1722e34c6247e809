// How the streams of one run begin and end beside each other, while the store is slow.
import type { ServerResponse } from 'node:http';
import { setImmediate as nextTick } from 'node:timers/promises';
import { beforeEach, expect, jest, test } from '@jest/globals';
import Fastify from 'fastify';
import { LiveMessage, LiveRuns, type LiveRun } from '../../../src/local-aiml/engine/live-runs.ts';
import { RunStreams } from '../../../src/local-aiml/engine/streams/run-streams.ts';
import { openStore } from '../../../src/local-aiml/store/sqlite/sqlite-store.ts';
import type { WorkStore } from '../../../src/local-aiml/store/work-store.ts';
import { ConnectionTracker } from '../../../src/runtime/connection-tracker.ts';
import { cleanUpLater } from '../../support/cleanup.ts';
import { createGate, type Gate } from '../../support/gate.ts';
import { until } from '../../support/until.ts';
import { createFolder, startHere } from '../support.ts';
import { ConversationClient, type WireRun } from './conversation-client.ts';
import { openEvents, textsOf, type StreamedEvent } from './event-stream.ts';

const NEVER_MS = 3_600_000;

let url: string;
let run: WireRun;
let liveRuns: LiveRuns;
let live: LiveRun;
let streams: RunStreams;
let responses: ServerResponse[];
/** How many of these have begun or were rejected. */
let opened: number;
/** What each read of the run waits for, in the order of the reads; further ones wait for nothing. */
let gates: Gate[];
let reads: number;
/** Whether another process changes the run while it is read, each time. */
let isBusy: boolean;

/** A run whose message is open in the store. */
beforeEach(async () => {
  const dataDir = await createFolder();
  const localAiml = await startHere({ dataDir });
  const client = new ConversationClient(localAiml.url);
  run = await client.start('/hang after 1', await client.createAssistant());
  await until(async () => (await client.messages(run.thread_id)).length === 2);
  const messageId = (await client.messages(run.thread_id))[0]?.id ?? '';
  // Its writes would notify the clients once more.
  await localAiml.stop();

  const store = await openStore(dataDir);
  cleanUpLater(() => store.close());
  const { work } = store;
  gates = [];
  reads = 0;
  isBusy = false;
  responses = [];
  opened = 0;
  const listeners = new Set<() => void>();
  const slowWork: WorkStore = {
    ...work,
    watch(runId, listener) {
      listeners.add(listener);
      const unwatch = work.watch(runId, listener);
      return () => {
        listeners.delete(listener);
        unwatch();
      };
    },
    async snapshot(runId) {
      const gate = gates[reads++];
      await gate?.opened;
      if (isBusy) for (const listener of listeners) listener();
      // Not within one turn of the event loop, which would never end while the store is busy.
      await nextTick();
      return work.snapshot(runId);
    },
  };
  liveRuns = new LiveRuns();
  live = liveRuns.add(run.id);
  live.message = new LiveMessage(messageId);
  streams = new RunStreams(slowWork, liveRuns, { heartbeatMs: 50 });
  cleanUpLater(() => streams.stop());
  const connections = new ConnectionTracker({ stallTimeoutMs: NEVER_MS, onDisconnect: () => undefined });
  cleanUpLater(() => connections.close());
  const app = Fastify({ forceCloseConnections: true });
  app.get<{ Querystring: { readonly after?: string } }>('/events', ({ raw, query: { after } }, reply) => {
    responses.push(reply.raw);
    const exchange = connections.begin(raw, reply.raw);
    return streams.open({ runId: run.id, from: 'joined', after }, reply, exchange).finally(() => opened++);
  });
  url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/events`;
  cleanUpLater(() => app.close());
});

function write(text: string): void {
  live.message?.append('text', text);
  liveRuns.changed(run.id);
}

/** Reads until the stream is cut. */
function follow(): { readonly events: StreamedEvent[]; readonly text: () => string } {
  const events: StreamedEvent[] = [];
  const reading = (async () => {
    for await (const event of await openEvents(url)) events.push(event);
  })().catch(() => undefined);
  cleanUpLater(async () => {
    streams.stop();
    await reading;
  });
  return { events, text: () => [...textsOf(events).values()].join('') };
}

test('Clients get text at once, whichever of them began while another one was rejected', async () => {
  gates = [createGate(), createGate(), createGate()];
  const rejected = fetch(`${url}?after=1-1-1-1-1-1`);
  await until(() => reads === 1);
  const second = follow();
  await until(() => responses.length === 2);
  gates[0]?.open();
  expect((await rejected).status).toBe(400);
  await until(() => reads === 2);
  const third = follow();
  await until(() => responses.length === 3);
  gates[2]?.open();
  // Enough for the third to overtake the second, if it can.
  for (let turn = 0; turn < 50; turn++) await nextTick();
  gates[1]?.open();
  await until(() => [second, third].every(({ events }) => events.some(({ event }) => event.endsWith('in_progress'))));
  write('Hello');
  await until(() => second.text() === 'Hello' && third.text() === 'Hello');
});

test('A client gets events while another process changes the run faster than it is read', async () => {
  isBusy = true;
  const { events, text } = follow();
  await until(() => events.some(({ event }) => event === 'thread.message.in_progress'));
  write('Hello');
  await until(() => text() === 'Hello');
});

test('A client that leaves before its stream begins is forgotten', async () => {
  gates = [createGate()];
  const controller = new AbortController();
  const left = fetch(url, { signal: controller.signal }).catch(() => undefined);
  await until(() => reads === 1);
  controller.abort();
  await left;
  const [response] = responses;
  await until(() => response?.destroyed === true);
  gates[0]?.open();
  await until(() => opened === 1);
  const destroy = response && jest.spyOn(response, 'destroy');
  streams.stop();
  expect(destroy).not.toHaveBeenCalled();
});

test('A stream that is being opened when the server stops does not begin', async () => {
  gates = [createGate()];
  const opening = fetch(url);
  await until(() => reads === 1);
  streams.stop();
  gates[0]?.open();
  expect((await opening).status).toBe(503);
});
