/** A message that a run writes, with the text so far. */
import { readMessage, type WireMessage } from '../resources/message.ts';
import { optionalString, readItems, requireObject, requireString } from '../wire.ts';
import { mergeDelta } from './merge-delta.ts';

type Fields = Record<string, unknown>;

export class LiveMessage {
  readonly id: string;
  /** The events that became transitions. */
  readonly events = new Set<string>();
  #raw: Fields;
  #ended = false;

  constructor(id: string, raw: Fields) {
    this.id = id;
    this.#raw = raw;
  }

  /** Whether the message is complete. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Throws MalformedResponseError. */
  read(): WireMessage {
    return readMessage(this.#raw);
  }

  /** The message as it was before its first text. */
  readEmpty(): WireMessage {
    return readMessage({
      ...this.#raw,
      status: 'in_progress',
      completed_at: null,
      incomplete_at: null,
      incomplete_details: null,
      content: [],
    });
  }

  replace(raw: Fields): void {
    this.#raw = raw;
    this.#ended = raw['status'] !== 'in_progress';
  }

  /** Throws MalformedResponseError if the message would become unreadable. */
  append(delta: Fields): void {
    // Reads the delta only: to read the whole message each time would take quadratic time.
    readItems(delta, 'content', (entry) => {
      const part = requireObject(entry, 'content');
      requireString(part, 'type');
      if (part['text'] !== undefined) optionalString(requireObject(part['text'], 'text'), 'value');
    });
    mergeDelta(this.#raw, delta);
  }

  /** The length of its text, in UTF-16 code units. */
  get length(): number {
    let length = 0;
    for (let index = 0; index < this.partCount; index += 1) length += this.textOf(index).length;
    return length;
  }

  get partCount(): number {
    return this.#content.length;
  }

  /** The text of a part; empty if the part has none. */
  textOf(contentIndex: number): string {
    const part = this.#content[contentIndex];
    if (typeof part !== 'object' || part === null) return '';
    const { text } = part as { readonly text?: { readonly value?: unknown } | null };
    return typeof text?.value === 'string' ? text.value : '';
  }

  get #content(): readonly unknown[] {
    const { content } = this.#raw;
    return Array.isArray(content) ? (content as readonly unknown[]) : [];
  }
}
