/** Owns the messages of the SQLite store; see `store.ts` for the contract. */
import type { Message } from '../../messages/model.ts';
import { ThreadBusyError } from '../errors.ts';
import type { MessageQuery, MessageStore, Idempotency, Owner } from '../store.ts';
import { EntityStore, type StoreParts } from './entity-store.ts';
import type { Filter } from './entity-table.ts';
import { insertMessages } from './thread-rows.ts';

export class SqliteMessageStore extends EntityStore<Message, MessageQuery> implements MessageStore {
  constructor(parts: StoreParts) {
    super(parts, parts.tables.messages);
  }

  create(owner: Owner, message: Message, idempotency: Idempotency): Promise<string> {
    const { transactions, tables, rows, idempotencyStore } = this.parts;
    const [account] = owner;
    return transactions.write(() => {
      const threadId = tables.parentOf(owner);
      return idempotencyStore.once(
        account,
        idempotency,
        (id) => tables.messages.find(threadId, id),
        () => {
          const live = rows.unexpiredLiveOf(threadId);
          if (live) throw new ThreadBusyError(threadId, live.id);
          insertMessages(tables, account, threadId, [message]);
          return { id: message.id, value: tables.messages.get(threadId, message.id) };
        },
      );
    });
  }

  delete(owner: Owner, id: string): Promise<void> {
    const { transactions, tables, rows } = this.parts;
    return transactions.write(() => {
      const threadId = tables.parentOf(owner);
      const live = rows.unexpiredLiveOf(threadId);
      if (live && rows.openMessages(live.id).some((message) => message.id === id))
        throw new ThreadBusyError(threadId, live.id);
      tables.messages.delete(threadId, id);
    });
  }

  protected override filterOf({ runId }: MessageQuery): Filter | undefined {
    return runId === undefined ? undefined : { column: 'run_id', value: runId };
  }
}
