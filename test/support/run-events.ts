// Conversations with the built-in model, and readers of server-sent events and of multipart responses.
import type { TestService } from './service.ts';

export interface RunEvent {
  readonly __typename: string;
  readonly cursor: string;
  readonly event: string;
  readonly run?: { readonly status: string; readonly hasEnded: boolean };
  readonly message?: { readonly id: string; readonly status: string; readonly text: string };
  readonly step?: { readonly id: string; readonly status: string };
  readonly messageId?: string;
  readonly offset?: number;
  readonly text?: string;
}
export interface StreamResult {
  readonly data?: { readonly runEvents: RunEvent } | null;
  readonly errors?: readonly { readonly message: string; readonly extensions: Readonly<Record<string, unknown>> }[];
}
export interface RunReference {
  readonly threadId: string;
  readonly runId: string;
}

export const RUN_EVENTS = `subscription Follow($threadId: ID!, $runId: ID!, $after: String) {
  runEvents(threadId: $threadId, runId: $runId, after: $after) {
    __typename cursor event
    ... on RunStateEvent { run { id status hasEnded requiredToolCalls { id name } } }
    ... on RunStepEvent { step { id status } }
    ... on MessageStateEvent { message { id status text } }
    ... on MessageTextEvent { messageId contentIndex offset text }
  }
}`;

interface StartRunOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly tools?: unknown;
  readonly parallelToolCalls?: boolean;
}

/** Starts a run of the built-in model on a new thread. The text of the message controls the model. */
export async function startRun(
  service: Pick<TestService, 'query'>,
  text: string,
  { headers, tools, parallelToolCalls }: StartRunOptions = {},
): Promise<RunReference> {
  const { data: created } = await service.query(
    'mutation ($input: CreateAssistantInput!) { createAssistant(input: $input) { assistant { id } } }',
    { input: { model: 'built-in', name: 'Ann', tools } },
    headers,
  );
  const { assistant } = created?.['createAssistant'] as { assistant: { id: string } };
  const { data, text: body } = await service.query(
    `mutation ($input: CreateThreadAndRunInput!) {
      createThreadAndRun(input: $input) { run { id threadId } userErrors { code message } }
    }`,
    { input: { assistantId: assistant.id, thread: { messages: [{ text }] }, parallelToolCalls } },
    headers,
  );
  const { run } = data?.['createThreadAndRun'] as { run: { id: string; threadId: string } | null };
  if (!run) throw new Error(`a run was expected, got ${body}`);
  return { threadId: run.threadId, runId: run.id };
}

export interface SubscribeOptions {
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly signal?: AbortSignal;
}

/** Every response, because Node.js ends a stream that nobody reads when its response is collected as garbage. */
const responses: Response[] = [];

/** Sends a subscription. The stream stays open until it is read to its end or cancelled, also if the response is not used. */
export async function subscribe(
  { url }: Pick<TestService, 'url'>,
  variables: object,
  { accept = 'text/event-stream', headers = {}, query = RUN_EVENTS, signal }: SubscribeOptions = {},
): Promise<Response> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, ...headers },
    body: JSON.stringify({ query, variables }),
    ...(signal && { signal }),
  });
  responses.push(response);
  return response;
}

/** The results of a stream of server-sent events. Throws if the stream was cut. */
export async function* readSse(response: Response): AsyncGenerator<StreamResult, void> {
  for await (const frame of frames(response, '\n\n')) {
    if (frame.startsWith('event: complete')) return;
    const [, data] = /^event: next\ndata: (.*)$/.exec(frame) ?? [];
    if (data !== undefined) yield JSON.parse(data) as StreamResult;
    else if (frame !== ':') throw new Error(`no event: ${frame}`);
  }
  throw new Error('the stream ended without a complete event');
}

/** Like {@link readSse}, for the parts of a multipart body. */
export async function* readMultipart(response: Response): AsyncGenerator<StreamResult, void> {
  for await (const part of frames(response, '\r\n--graphql')) {
    const body = part.split('\r\n\r\n')[1];
    if (part.startsWith('--')) return;
    if (body === undefined || body === '{}') continue;
    yield (JSON.parse(body) as { payload: StreamResult }).payload;
  }
}

async function* frames(response: Response, end: string): AsyncGenerator<string> {
  if (!response.body) throw new Error('the response has no body');
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    rest += decoder.decode(chunk, { stream: true });
    for (let index = rest.indexOf(end); index !== -1; index = rest.indexOf(end)) {
      yield rest.slice(0, index);
      rest = rest.slice(index + end.length);
    }
  }
  if (rest !== '') yield rest;
}

export async function toArray<T>(items: AsyncIterable<T>): Promise<T[]> {
  const array: T[] = [];
  for await (const item of items) array.push(item);
  return array;
}

/** Returns all events of a stream that ends. */
export async function eventsOf(results: AsyncIterable<StreamResult>): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const { data, errors } of results) {
    if (!data || errors) throw new Error(`an event was expected, got ${JSON.stringify(errors)}`);
    events.push(data.runEvents);
  }
  return events;
}

/** The text of each message as a client assembles it by offsets. Throws if text before an offset is missing. */
export function textsOf(events: readonly RunEvent[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const { messageId, offset, text } of events) {
    if (messageId === undefined || offset === undefined || text === undefined) continue;
    const have = texts.get(messageId) ?? '';
    if (have.length < offset) throw new Error(`text is missing before ${offset} of ${messageId}`);
    texts.set(messageId, have.slice(0, offset) + text);
  }
  return texts;
}

/** The stored texts of a run's messages. */
export async function storedTexts(
  service: Pick<TestService, 'query'>,
  { threadId, runId }: RunReference,
): Promise<ReadonlyMap<string, string>> {
  const { data } = await service.query(
    'query ($threadId: ID!, $id: ID!) { run(threadId: $threadId, id: $id) { messages { nodes { id text } } } }',
    { threadId, id: runId },
  );
  const { messages } = data?.['run'] as { messages: { nodes: { id: string; text: string }[] } };
  return new Map(messages.nodes.map(({ id, text }) => [id, text]));
}

/** Follows a run, subscribing again with the last cursor whenever the connection is lost. */
export async function followUntilCompleted(
  url: string,
  run: RunReference,
  onEvent: (event: RunEvent) => void = () => undefined,
): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  while (events.at(-1)?.run?.hasEnded !== true) {
    try {
      const response = await subscribe({ url }, { ...run, after: events.at(-1)?.cursor });
      for await (const { data, errors } of readSse(response)) {
        if (!data) throw new Error(JSON.stringify(errors));
        events.push(data.runEvents);
        onEvent(data.runEvents);
      }
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  return events;
}
