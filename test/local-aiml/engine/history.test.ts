import { expect, test } from '@jest/globals';
import { DEFAULT_RUN_SETTINGS } from '../../../src/local-aiml/settings.ts';
import { amountOf } from '../../support/slow.ts';
import { startHere } from '../support.ts';
import { ConversationClient, textOf, type WireRun } from './conversation-client.ts';
import { collectEvents, namesOf, textsOf } from './event-stream.ts';
import { createRandom, type Random } from '../../support/random.ts';
import {
  callStage,
  endStream,
  errorStage,
  openStream,
  sendChunk,
  startStagedModelApi,
  streamOf,
  textStage,
  toChunk,
  USAGE,
  type Stage,
} from './staged-model-api.ts';

const OPERATIONS = amountOf('HISTORY_OPERATIONS', { fast: 150, slow: 3_000 });
const SEED = Number(process.env['HISTORY_SEED'] ?? Date.now() % 1_000_000_000);
const WORKERS = 6;

const ENDS = ['completed', 'failed', 'cancelled', 'incomplete', 'expired'];
const soon = { 'retry-after-ms': '1' };

/** The responses of the model: most are correct. */
const STAGES: readonly Stage[] = [
  ...Array.from({ length: 6 }, () => textStage('The reply is as long as this')),
  ...Array.from({ length: 3 }, () => callStage({ name: 'get_time', arguments: '{}' })),
  callStage({ name: 'get_time', arguments: '{"a":1}' }, { name: 'get_weather', arguments: '{"city":"Rome"}' }),
  errorStage(500, { error: { message: 'Sorry' } }, soon),
  errorStage(429, { error: { message: 'Slow down' } }, soon),
  errorStage(400, { error: { message: 'Bad prompt' } }),
  errorStage(401, { message: 'No' }),
  errorStage(502, '<html></html>', soon),
  callStage({ name: 'get_time', arguments: '{"a":' }),
  streamOf(toChunk({ content: 'Cut' }, 'length', { usage: USAGE })),
  streamOf(toChunk({ content: 'No end' })),
  streamOf(toChunk({ content: 'Half' }), { error: { message: 'Out of memory' } }),
  (_request, response) => {
    openStream(response);
    sendChunk(response, toChunk({ content: 'Reset' }));
    setTimeout(() => response.socket?.destroy(), 10);
  },
  (_request, response) => {
    openStream(response);
    sendChunk(response, toChunk({ content: 'Slow ' }));
    setTimeout(() => {
      sendChunk(response, toChunk({ content: 'but whole' }, 'stop', { usage: USAGE }));
      endStream(response);
    }, 50);
  },
];

/** The state of a thread that only one worker writes to. */
interface KnownThread {
  readonly id: string;
  /** The acknowledged messages, oldest first. */
  readonly messages: string[];
  readonly runs: WireRun[];
}

class Worker {
  readonly #client: ConversationClient;
  readonly #assistantId: string;
  readonly #random: Random;
  readonly #threads: KnownThread[] = [];
  readonly #following: Promise<void>[] = [];
  #count = 0;

  constructor(client: ConversationClient, assistantId: string, random: Random) {
    this.#client = client;
    this.#assistantId = assistantId;
    this.#random = random;
  }

  async act(): Promise<void> {
    const thread = this.#threads.length === 0 ? await this.#createThread() : this.#random.pick(this.#threads);
    const last = thread.runs.at(-1);
    switch (this.#random.below(9)) {
      case 0:
        await this.#createThread();
        break;
      case 1:
      case 2:
        await this.#addMessage(thread);
        break;
      case 3:
      case 4:
        await this.#createRun(thread);
        break;
      case 5:
        if (last) await this.#submit(last);
        break;
      case 6:
        if (last && this.#random.chance(0.3)) await this.#cancel(last);
        break;
      case 7:
        if (last) this.#following.push(this.#follow(last));
        break;
      case 8:
        if (this.#random.chance(0.1)) await this.#deleteThread(thread);
        else await this.#check(thread);
    }
  }

  /** Waits for the end of every run, and checks everything once more. */
  async finish(): Promise<void> {
    for (const thread of this.#threads) {
      const last = thread.runs.at(-1);
      for (let run = last; run && !ENDS.includes(run.status);) {
        run = await this.#client.settle(run);
        if (run.status === 'requires_action') run = await this.#client.submit(run);
      }
      await this.#check(thread);
    }
    await Promise.all(this.#following);
  }

  async #createThread(): Promise<KnownThread> {
    const content = this.#text();
    const thread = { id: await this.#client.createThread(content), messages: [content], runs: [] };
    this.#threads.push(thread);
    return thread;
  }

  async #addMessage(thread: KnownThread): Promise<void> {
    const content = this.#text();
    const reply = await this.#client.call(`POST /threads/${thread.id}/messages`, { role: 'user', content });
    if (reply.status < 300) thread.messages.push(content);
    else expect(reply).toMatchObject({ status: 400, body: { message: expect.stringContaining('is active.') } });
  }

  async #createRun(thread: KnownThread): Promise<void> {
    const content = this.#text();
    const hasMessage = this.#random.chance(0.3);
    const reply = await this.#client.call(`POST /threads/${thread.id}/runs`, {
      assistant_id: this.#assistantId,
      ...(hasMessage ? { additional_messages: [{ role: 'user', content }] } : {}),
    });
    if (reply.status < 300) {
      if (hasMessage) thread.messages.push(content);
      thread.runs.push(reply.body as unknown as WireRun);
    } else expect(reply).toMatchObject({ status: 400, body: { message: expect.stringContaining('active') } });
  }

  async #submit(run: WireRun): Promise<void> {
    const current = await this.#client.retrieve(run);
    const calls = current.required_action?.submit_tool_outputs.tool_calls ?? [{ id: 'call_none' }];
    const isWrong = this.#random.chance(0.2);
    const reply = await this.#client.call(`POST ${this.#client.pathOf(run)}/submit_tool_outputs`, {
      tool_outputs: calls.map(({ id }) => ({ tool_call_id: isWrong ? 'call_wrong' : id, output: 'fine' })),
    });
    if (current.status === 'requires_action' && !isWrong) expect(reply.status).toBeLessThan(300);
    else expect(reply.status).toBe(400);
  }

  async #cancel(run: WireRun): Promise<void> {
    const reply = await this.#client.cancel(run);
    if (reply.status < 300) expect(['cancelling', 'cancelled']).toContain(reply.body['status']);
    else expect(reply).toMatchObject({ status: 400, body: { message: expect.stringContaining('Cannot cancel run') } });
  }

  /** A follower assembles the same text that is stored. */
  async #follow(run: WireRun): Promise<void> {
    const events = await collectEvents(this.#client.eventsUrl(run)).catch((error: unknown) => {
      // The thread was deleted before the stream began.
      if ((error as Error).message.startsWith('404')) return [];
      throw error;
    });
    if (events.length === 0) return;
    expect(namesOf(events).at(-1)).toBe('done');
    const listed = await this.#client.call(`GET /threads/${run.thread_id}/messages?run_id=${run.id}&limit=100`);
    if (listed.status === 404) return;
    const stored = new Map(
      (listed.body['data'] as Parameters<typeof textOf>[0][]).map((message) => [message?.id, textOf(message)]),
    );
    expect(textsOf(events)).toEqual(stored);
  }

  async #deleteThread(thread: KnownThread): Promise<void> {
    expect((await this.#client.call(`DELETE /threads/${thread.id}`)).status).toBe(200);
    expect((await this.#client.call(`GET /threads/${thread.id}`)).status).toBe(404);
    this.#threads.splice(this.#threads.indexOf(thread), 1);
  }

  async #check(thread: KnownThread): Promise<void> {
    const last = thread.runs.at(-1);
    // Read before the messages: what a run wrote does not change after its end.
    const current = last && (await this.#client.retrieve(last));
    const messages = await this.#allMessages(thread.id);
    expect(messages.filter(({ role }) => role === 'user').map(textOf)).toEqual(thread.messages);
    for (const run of thread.runs.slice(0, -1)) {
      expect(ENDS).toContain((await this.#client.retrieve(run)).status);
    }
    if (!last || !current || !ENDS.includes(current.status)) return;
    const written = messages.filter((message) => message.run_id === last.id);
    expect(written.every(({ status }) => status !== 'in_progress')).toBe(true);
    if (current.status === 'completed') expect(written.at(-1)?.status ?? 'completed').toBe('completed');
    const steps = await this.#client.steps(last);
    expect(steps.every(({ status }) => status !== 'in_progress')).toBe(true);
    expect(steps.filter(({ type }) => type === 'message_creation')).toHaveLength(written.length);
  }

  /** Oldest first, from all pages. */
  async #allMessages(threadId: string): Promise<Awaited<ReturnType<ConversationClient['messages']>>> {
    const messages = [];
    for (let after = ''; ;) {
      const { body } = await this.#client.call(`GET /threads/${threadId}/messages?limit=7&order=asc${after}`);
      messages.push(...(body['data'] as Awaited<ReturnType<ConversationClient['messages']>>));
      if (body['has_more'] !== true) return messages;
      after = `&after=${String(body['last_id'])}`;
    }
  }

  #text(): string {
    return `message ${this.#count++} of ${this.#random.next()}`;
  }
}

test(
  `Random calls and failures of the model lose and duplicate nothing (${OPERATIONS} operations, seed ${SEED})`,
  async () => {
    const random = createRandom(SEED);
    const staged = await startStagedModelApi((request, response) => random.pick(STAGES)(request, response));
    const modelApi = {
      baseUrl: staged.url,
      key: 'key',
      usesCallerKeys: false,
      firstTokenTimeoutMs: 20_000,
      timeoutMs: 20_000,
    };
    const { url } = await startHere({ runs: { ...DEFAULT_RUN_SETTINGS, modelApi } });
    await Promise.all(
      Array.from({ length: WORKERS }, async (_, index) => {
        const client = new ConversationClient(url, `key-${index}`);
        const worker = new Worker(client, await client.createAssistant(), createRandom(SEED + index + 1));
        for (let operation = 0; operation < OPERATIONS / WORKERS; operation++) await worker.act();
        await worker.finish();
      }),
    );
  },
  60_000 + OPERATIONS * 200,
);
