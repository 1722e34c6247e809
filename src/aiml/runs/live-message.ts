/** A message that a run writes, as far as it is known. */
import { readMessage, type WireMessage } from '../resources/message.ts';
import { optionalString, readItems, requireObject, requireString } from '../wire.ts';
import { mergeDelta } from './merge-delta.ts';

type Fields = Record<string, unknown>;

export class LiveMessage {
  readonly id: string;
  /** Which of its states were reported. */
  readonly events = new Set<string>();
  #raw: Fields;
  #ended = false;

  constructor(id: string, raw: Fields) {
    this.id = id;
    this.#raw = raw;
  }

  /** Whether no more text comes. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  /** The message as it is now. Throws MalformedResponseError. */
  read(): WireMessage {
    return readMessage(this.#raw);
  }

  /** The message as it was when nothing of it was written. */
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

  /** The whole message as upstream has it. */
  replace(raw: Fields): void {
    this.#raw = raw;
    const { status } = raw;
    this.#ended = status !== 'in_progress';
  }

  /** Throws MalformedResponseError if the message could not be read any more. */
  append(delta: Fields): void {
    // To read all of the message each time would take ever longer.
    readItems(delta, 'content', (entry) => {
      const part = requireObject(entry, 'content');
      requireString(part, 'type');
      if (part['text'] !== undefined) optionalString(requireObject(part['text'], 'text'), 'value');
    });
    mergeDelta(this.#raw, delta);
  }

  /** How much text it has, in UTF-16 code units. */
  get length(): number {
    let length = 0;
    for (let index = 0; index < this.partCount; index += 1) length += this.textOf(index).length;
    return length;
  }

  /** How many parts it has. */
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
