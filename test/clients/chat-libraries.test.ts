// The adapters of docs/clients.md: a chat of the AI SDK and a thread of assistant-ui with the built-in model.
import './support/browser.ts';
import { AssistantRuntimeProvider, useLocalRuntime, type AssistantRuntime } from '@assistant-ui/react';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { AbstractChat, type ChatState, type UIMessage } from 'ai';
import { createClient } from 'graphql-sse';
import { createElement } from 'react';
import { cleanUpLater } from '../support/cleanup.ts';
import { startCuttingProxy } from '../support/cutting-proxy.ts';
import { startService, type TestService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { createChatTransport } from './snippets/ai-sdk.ts';
import { createChatModelAdapter, resume } from './snippets/assistant-ui.ts';
import { createConversation, type Conversation, type Run } from './snippets/conversation.ts';
import { createAssistants } from './support/assistants.ts';
import { render } from './support/screen.ts';

const SEED = Number(process.env['STREAM_SEED'] ?? Date.now() % 1_000_000);
const QUESTION = '/slow 10\n/words 40';
const LONG_QUESTION = '/slow 100\n/words 400';
const REPLY = /^(\S+ ?){40}$/;

let service: TestService;
let assistantId = '';
beforeAll(async () => {
  service = await startService({ UPSTREAM: 'local' });
  [assistantId = ''] = await createAssistants(service, 1);
});

/** `runs` are what is left after a reload. */
function converse(runs: Map<string, Run>, url = service.url): Conversation {
  const streams = createClient({
    url: `${url}/graphql`,
    retryAttempts: 50,
    retry: () => new Promise((resolve) => setTimeout(resolve, 20)),
  });
  cleanUpLater(() => streams.dispose());
  return createConversation({ url: `${service.url}/graphql`, assistantId, streams, runs });
}

async function statusOf(runs: Map<string, Run>): Promise<unknown> {
  const { id, threadId } = runs.get('chat') ?? {};
  const { data } = await service.query('query ($t: ID!, $id: ID!) { run(threadId: $t, id: $id) { status } }', {
    t: threadId,
    id,
  });
  return (data as { run: { status: unknown } }).run.status;
}

async function messagesOf(runs: Map<string, Run>): Promise<unknown> {
  const { data } = await service.query('query ($id: ID!) { thread(id: $id) { messages { nodes { role text } } } }', {
    id: runs.get('chat')?.threadId,
  });
  return (data as { thread: { messages: { nodes: unknown } } }).thread.messages.nodes;
}

describe('a chat of the AI SDK', () => {
  class Chat extends AbstractChat<UIMessage> {
    constructor(conversation: Conversation, messages: UIMessage[] = []) {
      const state: ChatState<UIMessage> = {
        status: 'ready',
        error: undefined,
        messages,
        pushMessage: (message) => void state.messages.push(message),
        popMessage: () => void state.messages.pop(),
        replaceMessage: (index, message) => void (state.messages[index] = message),
        snapshot: structuredClone,
      };
      super({ id: 'chat', state, transport: createChatTransport(conversation) });
    }

    get texts(): string[] {
      return this.messages.map(({ parts }) => parts.map((part) => (part.type === 'text' ? part.text : '')).join(''));
    }
  }

  test(`streams two replies in one thread although its connections are cut (seed ${SEED})`, async () => {
    const runs = new Map<string, Run>();
    const proxy = await startCuttingProxy(service.url, SEED);
    const chat = new Chat(converse(runs, proxy.url));
    for (const question of [QUESTION, QUESTION]) await chat.sendMessage({ text: question });
    expect(chat.error).toBeUndefined();
    expect(chat.texts).toEqual([QUESTION, expect.stringMatching(REPLY), QUESTION, expect.stringMatching(REPLY)]);
    expect(proxy.cuts()).toBeGreaterThanOrEqual(1);
    expect(await messagesOf(runs)).toEqual(
      chat.texts.map((text, index) => ({ role: index % 2 === 0 ? 'USER' : 'ASSISTANT', text })),
    );
  });

  test('stops the run, and keeps what it has written', async () => {
    const runs = new Map<string, Run>();
    const chat = new Chat(converse(runs));
    const sent = chat.sendMessage({ text: LONG_QUESTION });
    await until(() => (chat.texts[1] ?? '') !== '');
    await chat.stop();
    await sent;
    expect([chat.status, chat.error]).toEqual(['ready', undefined]);
    await until(async () => (await statusOf(runs)) === 'CANCELLED');
    expect(chat.texts[1]).toMatch(/^one/);
  });

  test('resumes after a reload, and has nothing to resume afterwards', async () => {
    const runs = new Map<string, Run>();
    const left = new Chat(converse(runs));
    void left.sendMessage({ text: QUESTION });
    await until(() => (left.texts[1] ?? '') !== '');
    const reloaded = new Chat(converse(runs), left.messages.slice(0, 1));
    await reloaded.resumeStream();
    expect(reloaded.texts).toEqual([QUESTION, expect.stringMatching(REPLY)]);
    await reloaded.resumeStream();
    expect(reloaded.texts).toHaveLength(2);
    await until(() => left.status === 'ready');
  });

  test('does not stop the run if a newer resume replaces an older one, but on demand', async () => {
    const runs = new Map<string, Run>();
    const conversation = converse(runs);
    await conversation.start('chat', LONG_QUESTION);
    const chat = new Chat(conversation, [{ id: '1', role: 'user', parts: [{ type: 'text', text: LONG_QUESTION }] }]);
    const older = chat.resumeStream();
    await until(() => (chat.texts[1] ?? '') !== '');
    const newer = chat.resumeStream();
    await older;
    await until(() => (chat.texts[1] ?? '').includes('three'));
    expect(await statusOf(runs)).toBe('IN_PROGRESS');
    await conversation.stop('chat');
    await newer;
    expect(await statusOf(runs)).toBe('CANCELLED');
  });

  test('shows an error if the service rejects the question', async () => {
    const chat = new Chat(converse(new Map()));
    await chat.sendMessage({ text: 'x'.repeat(256_001) });
    expect([chat.status, chat.error?.message]).toEqual(['error', expect.stringContaining('256000')]);
  });
});

describe('a thread of assistant-ui', () => {
  /** Renders a local runtime, as an app would. */
  async function open(conversation: Conversation) {
    let runtime: AssistantRuntime | undefined;
    const App = () => {
      runtime = useLocalRuntime(createChatModelAdapter(conversation, 'chat'));
      return createElement(AssistantRuntimeProvider, { runtime, children: null });
    };
    render(createElement(App));
    await until(() => runtime !== undefined);
    if (!runtime) throw new Error('a runtime was expected');
    const { thread } = runtime;
    const messages = () => thread.getState().messages;
    return {
      thread,
      isRunning: () => thread.getState().isRunning,
      texts: () =>
        messages().map(({ content }) => content.map((part) => (part.type === 'text' ? part.text : '')).join('')),
      status: () => messages().at(-1)?.status,
    };
  }

  test(`streams a reply although its connections are cut (seed ${SEED})`, async () => {
    const runs = new Map<string, Run>();
    const proxy = await startCuttingProxy(service.url, SEED);
    const { thread, texts, status } = await open(converse(runs, proxy.url));
    thread.append(QUESTION);
    await until(() => status()?.type === 'complete');
    expect(texts()).toEqual([QUESTION, expect.stringMatching(REPLY)]);
    expect(proxy.cuts()).toBeGreaterThanOrEqual(1);
  });

  test('stops the run, and keeps what it has written', async () => {
    const runs = new Map<string, Run>();
    const { thread, texts, status } = await open(converse(runs));
    thread.append(LONG_QUESTION);
    await until(() => (texts()[1] ?? '') !== '');
    thread.cancelRun();
    await until(async () => (await statusOf(runs)) === 'CANCELLED');
    await until(() => status()?.type === 'incomplete');
    expect(texts()[1]).toMatch(/^one/);
  });

  test('resumes after a reload', async () => {
    const runs = new Map<string, Run>();
    await converse(runs).start('chat', QUESTION);
    const conversation = converse(runs);
    const { thread, texts, isRunning, status } = await open(conversation);
    const stream = await resume(conversation, 'chat');
    if (!stream) throw new Error('an open run was expected');
    thread.append({ role: 'user', content: [{ type: 'text', text: QUESTION }], startRun: false });
    await until(() => texts().length === 1);
    thread.resumeRun({ parentId: thread.getState().messages[0]?.id ?? null, stream });
    await until(() => status()?.type === 'complete' && !isRunning());
    expect(texts()).toEqual([QUESTION, expect.stringMatching(REPLY)]);
    expect(await resume(conversation, 'chat')).toBeNull();
  });
});
