/**
 * The AIML API's assistants, one method for each call of the API. It sends exactly what it is given, builds paths from
 * checked ids only, and knows nothing of GraphQL, of other requests or of caching.
 */
import { isDeepStrictEqual } from 'node:util';
import { isAssistantId } from './assistant-id.ts';
import type { AimlClient, Call, Caller } from './client.ts';
import { AimlError } from './errors.ts';
import type { Reads } from './reads.ts';
import {
  MalformedAnswerError,
  readAssistant,
  readAssistantList,
  readDeletion,
  type WireAssistant,
  type WireAssistantList,
  type WireCreateBody,
  type WireModifyBody,
} from './wire.ts';

export interface ListQuery {
  /** 1 to 100. */
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  /** The id after which the page starts; null for the start of the list. */
  readonly after: string | null;
}

/**
 * Every method rejects with an AimlError and nothing else, and with `NOT_FOUND` where upstream has no assistant with
 * the id.
 */
export class AssistantsDataSource {
  readonly #client: AimlClient;
  readonly #reads: Reads;
  readonly #caller: Caller;

  constructor(client: AimlClient, reads: Reads, caller: Caller) {
    this.#client = client;
    this.#reads = reads;
    this.#caller = caller;
  }

  get(id: string): Promise<WireAssistant> {
    return this.#reads.read(
      {
        name: 'assistants.get',
        path: pathOf(id),
        isCollection: false,
        read: (body) => readAssistantWithId(body, id),
      },
      this.#caller,
    );
  }

  /** One page. Where upstream does not know `after`: `BAD_USER_INPUT` with the param `after`. */
  async list(query: ListQuery): Promise<WireAssistantList> {
    const path = `/assistants?limit=${query.limit}&order=${query.order}`;
    if (query.after === null) return this.#list(path);
    try {
      return await this.#list(`${path}&after=${checked(query.after)}`);
    } catch (error) {
      const status = error instanceof AimlError ? error.details.upstream?.status : undefined;
      if (status !== 404 && status !== 410) throw error;
    }
    // A 404 here is an unknown cursor, or the end of the endpoint itself: only the list without a cursor can tell.
    await this.#list('/assistants?limit=1');
    throw new AimlError({
      code: 'BAD_USER_INPUT',
      message: 'The AIML API does not know this cursor.',
      retryable: false,
      param: 'after',
    });
  }

  create(body: WireCreateBody): Promise<WireAssistant> {
    return this.#write({
      name: 'assistants.create',
      rule: 'create',
      path: '/assistants',
      body: JSON.stringify(body),
      isCollection: true,
      read: readAssistant,
    });
  }

  /** The assistant as it is after the write. */
  modify(id: string, body: WireModifyBody): Promise<WireAssistant> {
    const path = pathOf(id);
    const read = (answer: unknown) => readAssistantWithId(answer, id);
    return this.#write({
      name: 'assistants.modify',
      rule: 'modify',
      path,
      body: JSON.stringify(body),
      isCollection: false,
      read,
      readBack: { path, read, isAsAsked: (assistant) => isAsAsked(body, assistant) },
    });
  }

  /** Resolves once upstream says that the assistant is gone. */
  delete(id: string): Promise<void> {
    return this.#write({
      name: 'assistants.delete',
      rule: 'delete',
      path: pathOf(id),
      body: null,
      isCollection: false,
      read: (body) => {
        if (body === undefined || readDeletion(body, id)) return;
        throw new AimlError({
          code: 'UPSTREAM_BAD_RESPONSE',
          message: 'The AIML API answered that it did not delete the assistant.',
          retryable: true,
        });
      },
      valueWhenGone: () => undefined,
    });
  }

  #list(path: string): Promise<WireAssistantList> {
    return this.#reads.read(
      { name: 'assistants.list', path, isCollection: true, read: readAssistantList },
      this.#caller,
    );
  }

  #write<T>(call: Call<T>): Promise<T> {
    return this.#reads.write(call.path, this.#caller, () => this.#client.call(call, this.#caller));
  }
}

const pathOf = (id: string): string => `/assistants/${checked(id)}`;

/** The last line of defence: callers have checked already, and what fails here is a bug of theirs. */
function checked(id: string): string {
  if (!isAssistantId(id)) throw new TypeError('not an assistant id');
  return id;
}

function readAssistantWithId(body: unknown, id: string): WireAssistant {
  const assistant = readAssistant(body);
  if (assistant.id !== id) throw new MalformedAnswerError('id', 'the id that was asked for');
  return assistant;
}

/** Whether an assistant is as `body` asked for it. What the body left to upstream may be anything. */
function isAsAsked(body: WireModifyBody, assistant: WireAssistant): boolean {
  const sent = JSON.parse(JSON.stringify(body)) as Readonly<Record<string, unknown>>;
  const asked = readAssistant({ id: assistant.id, created_at: 0, model: '', ...sent });
  return (Object.keys(sent) as (keyof WireModifyBody)[]).every((name) =>
    asked[name] === null || name === 'metadata'
      ? isDeepStrictEqual(asked[name], assistant[name])
      : covers(asked[name], assistant[name]),
  );
}

/** Whether `actual` holds all of `asked`; inside of it null stands for what was not asked. */
function covers(asked: unknown, actual: unknown): boolean {
  if (asked === null) return true;
  if (Array.isArray(asked))
    return (
      Array.isArray(actual) &&
      actual.length === asked.length &&
      asked.every((item, index) => covers(item, actual[index]))
    );
  if (typeof asked !== 'object') return asked === actual;
  const fields = (actual ?? {}) as Readonly<Record<string, unknown>>;
  return Object.entries(asked).every(([name, value]) =>
    // JSON Schemas are the caller's own: all of them is asked, nulls included.
    value !== null && (name === 'parameters' || name === 'schema')
      ? isDeepStrictEqual(value, fields[name])
      : covers(value, fields[name]),
  );
}
