// A strict client of server-sent events: it checks each event, and applies the rules of the SDKs.
import { expect } from '@jest/globals';
import { problemsOfEvent } from '../../support/conformance/responses.ts';
import { checkEvent } from './object-states.ts';

export interface StreamedEvent {
  readonly event: string;
  readonly id: string;
  readonly data: Record<string, unknown>;
}

export interface StreamOptions {
  readonly key?: string;
  readonly method?: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Opens a stream. Throws if the response is not a stream. */
export async function openEvents(url: string, options: StreamOptions = {}): Promise<AsyncGenerator<StreamedEvent>> {
  const { key = 'key-1', method = 'GET', body, headers, signal } = options;
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  expect(response.headers.get('cache-control')).toContain('no-store');
  return readEvents(response);
}

/** The events until `done` or the end of the stream, without comments. */
async function* readEvents(response: Response): AsyncGenerator<StreamedEvent> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const frame = text.slice(0, end);
      text = text.slice(end + 2);
      const problem = problemsOfEvent(frame);
      if (problem !== undefined) throw new Error(`${problem} in ${frame}`);
      if (frame.startsWith(':')) continue;
      const event = /^event: (.*)$/m.exec(frame)?.[1] ?? '';
      const id = /^id: (.*)$/m.exec(frame)?.[1] ?? '';
      const data = /^data: (.*)$/m.exec(frame)?.[1] ?? '';
      if (event === 'done') {
        expect(data).toBe('[DONE]');
        yield { event, id, data: {} };
        return;
      }
      const parsed = JSON.parse(data) as Record<string, unknown>;
      if (event !== 'error') {
        checkEvent(event, parsed);
        expect(id).not.toBe('');
      }
      yield { event, id, data: parsed };
    }
  }
}

export async function collectEvents(url: string, options: StreamOptions = {}): Promise<StreamedEvent[]> {
  const events: StreamedEvent[] = [];
  for await (const event of await openEvents(url, options)) events.push(event);
  return events;
}

export const namesOf = (events: readonly StreamedEvent[]): string[] => events.map(({ event }) => event);

/** The names, with consecutive deltas counted once. */
export const outlineOf = (events: readonly StreamedEvent[]): string[] =>
  namesOf(events).filter((event, index, all) => !event.endsWith('.delta') || event !== all[index - 1]);

/** The texts of the messages, assembled by the rules of the SDKs. */
export function textsOf(events: readonly StreamedEvent[]): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { event, data } of events) {
    const id = String(data['id']);
    if (event === 'thread.message.created') texts.set(id, textOf(data['content']));
    if (event !== 'thread.message.delta') continue;
    const before = texts.get(id);
    if (before === undefined) throw new Error('a delta of a message that was not created in this stream');
    texts.set(id, before + textOf((data['delta'] as { content: unknown }).content));
  }
  return texts;
}

function textOf(content: unknown): string {
  const parts = content as { text?: { value: string }; refusal?: string }[];
  return parts.map((part) => part.text?.value ?? part.refusal ?? '').join('');
}
