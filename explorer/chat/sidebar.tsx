/** The assistants of the account, and the conversations to come back to. */
import { nameOf, type Assistant } from './assistant-details.tsx';
import type { StoredThread } from './stored-threads.ts';

interface SidebarProps {
  readonly assistants: readonly Assistant[];
  readonly threads: readonly StoredThread[];
  readonly assistantId: string | null;
  readonly threadId: string | null;
  readonly onOpenAssistant: (id: string) => void;
  readonly onNewAssistant: () => void;
  readonly onNewThread: () => void;
  readonly onOpenThread: (thread: StoredThread) => void;
  readonly onDeleteThread: (thread: StoredThread) => void;
}

export function Sidebar(props: SidebarProps) {
  const { assistants, threads, assistantId, threadId, onOpenAssistant, onNewAssistant } = props;
  const { onNewThread, onOpenThread, onDeleteThread } = props;
  return (
    <>
      <section aria-labelledby="assistants-title">
        <h2 id="assistants-title">Assistants</h2>
        {assistants.length === 0 && <p className="muted">None yet.</p>}
        <ul>
          {assistants.map((assistant) => (
            <li key={assistant.id}>
              <button
                type="button"
                className="entry"
                aria-current={assistant.id === assistantId && threadId === null ? 'page' : undefined}
                onClick={() => onOpenAssistant(assistant.id)}
              >
                <span>{nameOf(assistant)}</span>
                <span className="muted">{assistant.description ?? assistant.model}</span>
              </button>
            </li>
          ))}
        </ul>
        {assistants.length > 0 && (
          <button type="button" className="quiet" onClick={onNewAssistant}>
            + New assistant
          </button>
        )}
      </section>
      <section aria-labelledby="threads-title">
        <h2 id="threads-title">Conversations</h2>
        {assistants.length > 0 && (
          <button type="button" className="quiet" onClick={onNewThread}>
            + New conversation
          </button>
        )}
        {threads.length === 0 && <p className="muted">None yet.</p>}
        <ul>
          {threads.map((thread) => (
            <li key={thread.id} className="thread">
              <button
                type="button"
                className="entry"
                aria-current={thread.id === threadId ? 'page' : undefined}
                onClick={() => onOpenThread(thread)}
              >
                <span>{thread.title}</span>
              </button>
              <button
                type="button"
                className="quiet"
                aria-label={`Delete ${thread.title}`}
                onClick={() => onDeleteThread(thread)}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}
