/** Owns the assistants of the SQLite store; see `store.ts` for the contract. */
import type { Assistant } from '../../assistants/model.ts';
import type { VectorStore } from '../../wire/tool-resources.ts';
import type { AssistantStore, Idempotency, Owner } from '../store.ts';
import { EntityStore, type StoreParts } from './entity-store.ts';

export class SqliteAssistantStore extends EntityStore<Assistant> implements AssistantStore {
  constructor(parts: StoreParts) {
    super(parts, parts.tables.assistants);
  }

  create(
    account: string,
    assistant: Assistant,
    vectorStores: readonly VectorStore[],
    idempotency: Idempotency,
  ): Promise<string> {
    const { transactions, tables, idempotencyStore } = this.parts;
    const { assistants } = tables;
    return transactions.write(() =>
      idempotencyStore.once(
        account,
        idempotency,
        (id) => assistants.find(account, id),
        () => {
          tables.insertVectorStores(account, vectorStores);
          const sequence = assistants.nextSequence(account, assistant.created_at);
          return { id: assistant.id, value: assistants.insert(account, assistant, sequence) };
        },
      ),
    );
  }

  delete([account]: Owner, id: string): Promise<void> {
    return this.parts.transactions.write(() => this.parts.tables.assistants.delete(account, id));
  }
}
