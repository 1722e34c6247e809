/**
 * What one request reads and writes of assistants, and what it remembers of it.
 *
 * A loader lives as long as one GraphQL request and serves one credential; nothing of it is ever shared.
 */
import type { WireAssistant, WireAssistantList, WireCreateBody, WireModifyBody } from './wire.ts';

export interface ListQuery {
  /** 1 to 100. */
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  /** The id after which the page starts; null for the start of the list. */
  readonly after: string | null;
}

/** Every id given to it has passed {@link isAssistantId}. Every method rejects with an AimlError and nothing else. */
export interface AssistantLoader {
  /** One assistant, null where upstream has none with this id (404, 410). */
  load(id: string): Promise<WireAssistant | null>;
  /** One page. Where `after` is unknown upstream: code BAD_USER_INPUT with `param` "after". */
  list(query: ListQuery): Promise<WireAssistantList>;
  create(body: WireCreateBody): Promise<WireAssistant>;
  /** The assistant as it is after the write. Code NOT_FOUND where upstream has none with this id. */
  modify(id: string, body: WireModifyBody): Promise<WireAssistant>;
  /** Resolves once the assistant is gone. Code NOT_FOUND where upstream has none with this id. */
  delete(id: string): Promise<void>;
}
