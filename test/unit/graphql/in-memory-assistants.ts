// A loader over a list in memory. It responds like any of the three generations of upstream's lists and records its
// calls.
import type { ListQuery } from '../../../src/aiml/resource.ts';
import { PublicError } from '../../../src/runtime/errors.ts';
import {
  readAssistant,
  type WireAssistant,
  type WireAssistantCreateBody,
  type WireAssistantModifyBody,
} from '../../../src/aiml/resources/assistant.ts';
import type { WireList } from '../../../src/aiml/wire.ts';
import type { RequestContext } from '../../../src/graphql/server/request-context.ts';
import { wireAssistant as sentAssistant } from '../../support/scripted-upstream.ts';

/** `has-more`: returns whether more follow. `silent`: does not. `generous`: does not, and ignores the limit. */
export type Generation = 'has-more' | 'silent' | 'generous';

export type Call =
  | readonly ['load', string]
  | readonly ['list', ListQuery]
  | readonly ['create', WireAssistantCreateBody]
  | readonly ['modify', string, WireAssistantModifyBody]
  | readonly ['delete', string];

/** As it is read from upstream, without optional fields. */
export const wireAssistant = (fields: Partial<WireAssistant> = {}): WireAssistant => ({
  ...readAssistant(sentAssistant('asst_1', { temperature: null, top_p: null, response_format: null })),
  ...fields,
});

/** `count` assistants with the ids a0, a1, …, oldest first. */
export const assistantsInOrder = (count: number): WireAssistant[] =>
  Array.from({ length: count }, (_, index) => wireAssistant({ id: `a${index}`, created_at: 1_700_000_000 + index }));

export class InMemoryAssistants implements Required<RequestContext['upstream']['assistants']> {
  readonly calls: Call[] = [];
  /** Every call throws it while it is set. */
  failure: Error | null = null;
  readonly #oldestFirst: readonly WireAssistant[];
  readonly #generation: Generation;

  constructor(oldestFirst: readonly WireAssistant[] = [], generation: Generation = 'has-more') {
    this.#oldestFirst = oldestFirst;
    this.#generation = generation;
  }

  load(id: string): Promise<WireAssistant | null> {
    return this.#respond(['load', id], () => this.#oldestFirst.find((item) => item.id === id) ?? null);
  }

  list(query: ListQuery): Promise<WireList<WireAssistant>> {
    return this.#respond(['list', query], () => {
      const all = query.order === 'asc' ? this.#oldestFirst : this.#oldestFirst.toReversed();
      const start = query.after === null ? 0 : all.findIndex(({ id }) => id === query.after) + 1;
      if (query.after !== null && start === 0) throw unknownCursor;
      const rest = all.slice(start);
      const data = this.#generation === 'generous' ? rest : rest.slice(0, query.limit);
      return { data, hasMore: this.#generation === 'has-more' ? rest.length > data.length : null };
    });
  }

  prefetch(query: ListQuery): Promise<WireList<WireAssistant>> {
    return this.list(query);
  }

  create(body: WireAssistantCreateBody): Promise<WireAssistant> {
    return this.#respond(['create', body], () => wireAssistant({ id: 'asst_new', model: body.model }));
  }

  modify(id: string, body: WireAssistantModifyBody): Promise<WireAssistant | null> {
    if (Object.keys(body).length === 0) return this.load(id);
    return this.#respond(['modify', id, body], () => wireAssistant({ id }));
  }

  delete(id: string): Promise<void> {
    return this.#respond(['delete', id], () => undefined);
  }

  act(): Promise<WireAssistant> {
    throw new Error('Assistants have no actions.');
  }

  remember(): void {
    throw new Error('Assistants are not followed.');
  }

  reload(id: string): Promise<WireAssistant | null> {
    return this.load(id);
  }

  async #respond<T>(call: Call, read: () => T): Promise<T> {
    this.calls.push(call);
    await Promise.resolve();
    if (this.failure) throw this.failure;
    return read();
  }
}

const unknownCursor = new PublicError({
  code: 'BAD_USER_INPUT',
  message: 'The AIML API does not know this cursor.',
  retryable: false,
  param: 'after',
});

/** An upstream with assistants, and of other resources those of `others`. */
export const upstreamOf = (
  assistants: RequestContext['upstream']['assistants'],
  others: object = {},
): RequestContext['upstream'] =>
  new Proxy({ assistants, deadlineAt: Infinity, ...others } as RequestContext['upstream'], {
    get(target, name: keyof RequestContext['upstream']) {
      if (!(name in target)) throw new Error(`The test has no ${name}.`);
      return target[name];
    },
  });
