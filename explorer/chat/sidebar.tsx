/** The assistants of the account, and the conversations to come back to. */
import { useEffect, useRef, useState } from 'react';
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
  /** Null if the service needs no credential. */
  readonly onChangeCredential: (() => void) | null;
  /** Null if every conversation is shown. Resolves to the ids of the added ones. */
  readonly loadMoreThreads: (() => Promise<readonly string[]>) | null;
}

export function Sidebar(props: SidebarProps) {
  const { assistants, threads, assistantId, threadId, onOpenAssistant, onNewAssistant } = props;
  const { onNewThread, onOpenThread, onDeleteThread, onChangeCredential, loadMoreThreads } = props;
  const { list, load, isLoading, message, problem } = useMore(loadMoreThreads);
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
          <button
            type="button"
            className="quiet"
            title="Ctrl or ⌘ + Shift + O"
            aria-keyshortcuts="Control+Shift+O Meta+Shift+O"
            onClick={onNewThread}
          >
            + New conversation
          </button>
        )}
        {threads.length === 0 && <p className="muted">None yet.</p>}
        <ul ref={list}>
          {threads.map((thread) => (
            <li key={thread.id} className="thread" data-id={thread.id}>
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
        {loadMoreThreads !== null && (
          <button type="button" className="quiet" aria-disabled={isLoading} onClick={load}>
            {isLoading ? 'Loading …' : 'Show more conversations'}
          </button>
        )}
        {problem !== null && (
          <p className="note" role="alert">
            {problem}
          </p>
        )}
        <p className="visually-hidden" role="status">
          {message}
        </p>
        {onChangeCredential !== null && (
          <button type="button" className="quiet" onClick={onChangeCredential}>
            Change the key or token
          </button>
        )}
      </section>
    </>
  );
}

/**
 * The button below the list, which adds a page. The focus goes to the first of the added conversations; if there is none, the
 * button is removed, and the focus goes to the last conversation.
 */
function useMore(loadMore: (() => Promise<readonly string[]>) | null) {
  const list = useRef<HTMLUListElement>(null);
  const [isLoading, setIsLoading] = useState(false);
  const [added, setAdded] = useState<readonly string[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    if (added === null) return;
    const [first] = added;
    const item = first === undefined ? 'li:last-child' : `[data-id="${CSS.escape(first)}"]`;
    list.current?.querySelector<HTMLElement>(`${item} button`)?.focus();
  }, [added]);
  const load = () => {
    if (loadMore === null || isLoading) return;
    setIsLoading(true);
    setProblem(null);
    loadMore()
      .then(setAdded, (error: unknown) => setProblem(error instanceof Error ? error.message : 'Something went wrong.'))
      .finally(() => setIsLoading(false));
  };
  const message = added === null ? '' : `${added.length} more conversations are shown.`;
  return { list, load, isLoading, message, problem };
}
