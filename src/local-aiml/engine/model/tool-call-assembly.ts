/**
 * Joins the pieces of tool calls. Servers leave out indexes and ids, repeat indexes and names, or send a call whole. What
 * comes out is in order of index, each call whole before the next begins.
 */
import { createId } from '../../wire/ids.ts';
import { objectOf, parseJson, type JsonObject, type JsonValue } from '../../wire/json.ts';
import { ModelError } from './model-error.ts';
import type { ModelChunk } from './model-api.ts';

interface PendingCall {
  /** The index that the server gave; undefined if it gave none. */
  readonly serverIndex: number | undefined;
  /** What the server sent; it distinguishes calls of the same index. */
  readonly serverId: string | undefined;
  readonly id: string;
  name: string;
  arguments: string;
  emittedChars: number;
  hasBegun: boolean;
}

/** As many as OpenAI takes of functions; a server that loops is stopped here. */
const MAX_CALLS = 128;

export class ToolCallAssembly {
  readonly #calls: PendingCall[] = [];
  /** The call whose pieces are passed on as they come. */
  #current = 0;

  get isEmpty(): boolean {
    return this.#calls.length === 0;
  }

  /** A piece as servers send it; every member may be absent, null or of another type. */
  *add(piece: JsonObject): Iterable<ModelChunk> {
    const called = objectOf(piece['function']) ?? {};
    const name = typeof called['name'] === 'string' ? called['name'] : '';
    const text = toText(called['arguments']);
    const call = this.#find(piece, name, text) ?? this.#begin(piece);
    if (call.arguments === '' && name !== call.name) call.name += name;
    call.arguments += text;
    yield* this.#emit(false);
  }

  /** Call once the response has ended. Throws a `ModelError` if a call is not usable. */
  *end(isCut: boolean): Iterable<ModelChunk> {
    for (const call of this.#calls) {
      if (call.arguments.trim() === '' && !isCut) call.arguments = '{}';
      if (isCut) continue;
      if (call.name === '') throw new ModelError('server_error', 'The model called a function without naming it.');
      if (!isJsonText(call.arguments))
        throw new ModelError('server_error', 'The model called a function with arguments that are not valid JSON.');
    }
    yield* this.#emit(true);
  }

  #find({ index, id }: JsonObject, name: string, text: string): PendingCall | undefined {
    if (typeof id === 'string' && id !== '') {
      const isSame = (call: PendingCall) =>
        call.serverId === id && (typeof index !== 'number' || call.serverIndex === index);
      const known = this.#calls.findLast(isSame);
      if (known) return known;
    }
    const last =
      typeof index === 'number' ? this.#calls.findLast((call) => call.serverIndex === index) : this.#calls.at(-1);
    if (last === undefined) return undefined;
    const hasOtherId = typeof id === 'string' && id !== '' && last.serverId !== undefined;
    if (hasOtherId) return undefined;
    // Without ids, a name behind a call that is whole begins another one.
    const beginsAnother = name !== '' && text !== '' && last.arguments !== '' && isJsonText(last.arguments);
    return beginsAnother ? undefined : last;
  }

  #begin({ index, id }: JsonObject): PendingCall {
    if (this.#calls.length === MAX_CALLS)
      throw new ModelError('server_error', `The model called more than ${MAX_CALLS} functions at once.`);
    const isUsable =
      typeof id === 'string' && /^[\w.:-]{1,128}$/.test(id) && !this.#calls.some((call) => call.id === id);
    const call: PendingCall = {
      serverIndex: typeof index === 'number' ? index : undefined,
      serverId: typeof id === 'string' && id !== '' ? id : undefined,
      id: isUsable ? id : createId('call'),
      name: '',
      arguments: '',
      emittedChars: 0,
      hasBegun: false,
    };
    this.#calls.push(call);
    return call;
  }

  *#emit(isEnd: boolean): Iterable<ModelChunk> {
    for (; this.#current < this.#calls.length; this.#current++) {
      const call = this.#calls[this.#current];
      if (!call || (call.name === '' && !isEnd)) return;
      const index = this.#current;
      if (!call.hasBegun) {
        // The name may come in pieces: it is whole once arguments have begun or the response has ended.
        if (!isEnd && call.arguments === '' && this.#current === this.#calls.length - 1) return;
        call.hasBegun = true;
        yield { type: 'tool_call', index, id: call.id, name: call.name };
      }
      if (call.arguments.length > call.emittedChars) {
        yield { type: 'tool_call_arguments', index, text: call.arguments.slice(call.emittedChars) };
        call.emittedChars = call.arguments.length;
      }
      const isWhole = isEnd || (this.#current < this.#calls.length - 1 && isJsonText(call.arguments));
      if (!isWhole) return;
    }
  }
}

/** Some servers send the arguments as an object instead of text. */
function toText(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : '';
}

const isJsonText = (text: string): boolean => parseJson(text) !== undefined;
