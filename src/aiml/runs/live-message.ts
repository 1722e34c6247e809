/** A message that a run writes, with the text so far. */
import { readMessage, type WireMessage } from '../resources/message.ts';
import { optionalString, readItems, requireObject, requireString } from '../wire.ts';
import { mergeDelta } from './merge-delta.ts';

type Fields = Record<string, unknown>;

/** A text that does not continue the earlier one: what precedes `length` in the part is the same. */
interface Rewrite {
  readonly contentIndex: number;
  readonly length: number;
}

export class LiveMessage {
  readonly id: string;
  /** How the text was replaced by another, in order. Upstream seldom does. */
  readonly rewrites: Rewrite[] = [];
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

  /** A state that is repeated, or read from a list that lags behind, does not take text away. */
  replace(raw: Fields): void {
    const previous = this.#content;
    const texts = previous.map((_, index) => this.textOf(index));
    this.#raw = raw;
    this.#ended = raw['status'] !== 'in_progress';
    if (
      !this.#ended &&
      this.#content.length <= previous.length &&
      texts.every((text, index) => text.startsWith(this.textOf(index)))
    )
      this.#raw = { ...raw, content: previous };
    for (const [contentIndex, text] of texts.entries()) {
      const current = this.textOf(contentIndex);
      if (!current.startsWith(text)) this.rewrites.push({ contentIndex, length: commonLength(current, text) });
    }
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

/** The length of what two texts begin with, without half of a surrogate pair. */
function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return /[\uD800-\uDBFF]/.test(a[length - 1] ?? '') ? length - 1 : length;
}
