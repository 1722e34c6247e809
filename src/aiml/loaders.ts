/**
 * What one request reads and writes of assistants, and what it remembers of it.
 *
 * A loader lives as long as one GraphQL request and serves one credential; nothing of it is ever shared.
 */
import DataLoader from 'dataloader';
import type { AssistantsDataSource, ListQuery } from './data-source.ts';
import { AimlError } from './errors.ts';
import { Gate } from './gate.ts';
import type { WireAssistant, WireAssistantList, WireCreateBody, WireModifyBody } from './wire.ts';

/** How many calls of one request may be in flight at a time. */
const MAX_CALLS_IN_FLIGHT = 10;

/** Every id given to it has passed isAssistantId. Every method rejects with an AimlError and nothing else. */
export class AssistantLoader {
  readonly #source: AssistantsDataSource;
  readonly #gate = new Gate(MAX_CALLS_IN_FLIGHT);
  readonly #byId = new DataLoader<string, WireAssistant | null>((ids) => this.#loadAll(ids));
  readonly #listsInFlight = new Set<Promise<WireAssistantList>>();
  readonly #listed = new Map<string, WireAssistant>();

  constructor(source: AssistantsDataSource) {
    this.#source = source;
  }

  /** One assistant, null where upstream has none with this id (404, 410). An id is asked for once. */
  load(id: string): Promise<WireAssistant | null> {
    const listed = this.#listed.get(id);
    return listed ? Promise.resolve(listed) : this.#byId.load(id);
  }

  /** One page; what is on it is known by id from then on. For an unknown cursor see the data source. */
  list(query: ListQuery): Promise<WireAssistantList> {
    const list = this.#call(() => this.#source.list(query)).then((page) => {
      for (const assistant of page.data) this.#listed.set(assistant.id, assistant);
      return page;
    });
    this.#listsInFlight.add(list);
    const forget = () => this.#listsInFlight.delete(list);
    list.then(forget, forget);
    return list;
  }

  async create(body: WireCreateBody): Promise<WireAssistant> {
    const assistant = await this.#call(() => this.#source.create(body));
    this.#byId.prime(assistant.id, assistant);
    return assistant;
  }

  /** The assistant as it is after the write. Code NOT_FOUND where upstream has none with this id. */
  async modify(id: string, body: WireModifyBody): Promise<WireAssistant> {
    this.#forget(id);
    const assistant = await this.#call(() => this.#source.modify(id, body));
    this.#forget(id);
    this.#byId.prime(id, assistant);
    return assistant;
  }

  /** Resolves once the assistant is gone. Code NOT_FOUND where upstream has none with this id. */
  async delete(id: string): Promise<void> {
    this.#forget(id);
    await this.#call(() => this.#source.delete(id));
    this.#forget(id);
    this.#byId.prime(id, null);
  }

  #forget(id: string): void {
    this.#listed.delete(id);
    this.#byId.clear(id);
  }

  /** A list in flight may hold what is asked for, so it is waited for before anything is asked by id. */
  async #loadAll(ids: readonly string[]): Promise<(WireAssistant | null | Error)[]> {
    if (this.#listsInFlight.size > 0) await Promise.allSettled(this.#listsInFlight);
    return Promise.all(
      ids.map((id) => {
        const listed = this.#listed.get(id);
        return listed ? Promise.resolve(listed) : this.#loadOne(id);
      }),
    );
  }

  async #loadOne(id: string): Promise<WireAssistant | null | Error> {
    try {
      return await this.#call(() => this.#source.get(id));
    } catch (error) {
      if (error instanceof AimlError) return error.code === 'NOT_FOUND' ? null : error;
      throw error;
    }
  }

  async #call<T>(call: () => Promise<T>): Promise<T> {
    const leave = this.#gate.tryEnter() ?? (await this.#gate.enter());
    try {
      return await call();
    } finally {
      leave();
    }
  }
}
