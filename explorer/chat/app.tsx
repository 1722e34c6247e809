/** The chat page. */
import { useCallback, useEffect, useState } from 'react';
import { ConversationView } from './conversation-view.tsx';
import { CredentialForm } from './credential-form.tsx';
import type { GraphQLClient } from './graphql-client.ts';
import { readLocation, writeLocation, type OpenItem } from './location.ts';
import { Sidebar } from './sidebar.tsx';
import type { StoredThread } from './stored-threads.ts';
import { useTheme } from './theme.ts';
import { useAccount } from './use-account.ts';
import { useConversation } from './use-conversation.ts';

export function App({ client }: { readonly client: GraphQLClient }) {
  const { theme, toggle } = useTheme();
  const { state: account, reload, addThread, deleteThread } = useAccount(client);
  const [open, setOpen] = useState<OpenItem>(readLocation);
  const [isMenuOpen, setIsMenuOpen] = useState(false);

  useEffect(() => writeLocation(open), [open]);
  useEffect(() => {
    const follow = () => setOpen(readLocation());
    window.addEventListener('popstate', follow);
    return () => window.removeEventListener('popstate', follow);
  }, []);

  const onBegin = useCallback(
    (thread: StoredThread) => {
      addThread(thread);
      setOpen({ assistantId: thread.assistantId, threadId: thread.id });
    },
    [addThread],
  );
  const assistants = account.kind === 'ready' ? account.assistants : [];
  const threads = account.kind === 'ready' ? account.threads : [];
  const threadAssistantId = threads.find(({ id }) => id === open.threadId)?.assistantId;
  const assistantId =
    open.assistantId ?? threadAssistantId ?? (open.threadId === null ? assistants[0]?.id : null) ?? null;
  const conversation = useConversation({
    client,
    assistantId,
    threadId: account.kind === 'ready' ? open.threadId : null,
    onBegin,
  });
  const runAssistantId = conversation.conversation.run?.assistantId;
  const assistant = assistants.find(({ id }) => id === (assistantId ?? runAssistantId)) ?? null;

  const show = (item: OpenItem) => {
    setOpen(item);
    setIsMenuOpen(false);
  };

  return (
    <div className="page">
      <header>
        <button
          type="button"
          className="menu"
          aria-expanded={isMenuOpen}
          aria-controls="sidebar"
          onClick={() => setIsMenuOpen(!isMenuOpen)}
        >
          Menu
        </button>
        <h1>
          <a href="./">Assistants</a>
        </h1>
        <a href="graphiql">GraphiQL</a>
        <button type="button" className="quiet" onClick={toggle} title="Change the theme">
          {theme === 'dark' ? 'Light' : 'Dark'}
        </button>
      </header>
      {account.kind === 'ready' && (
        <nav id="sidebar" className={isMenuOpen ? 'is-open' : undefined} aria-label="Assistants and conversations">
          <Sidebar
            assistants={assistants}
            threads={threads}
            assistantId={assistantId}
            threadId={open.threadId}
            onOpenAssistant={(id) => show({ assistantId: id, threadId: null })}
            onOpenThread={({ id, assistantId: of }) => show({ assistantId: of === '' ? null : of, threadId: id })}
            onDeleteThread={({ id }) =>
              void deleteThread(id)
                .then(() => open.threadId === id && show({ assistantId, threadId: null }))
                .catch(reload)
            }
          />
        </nav>
      )}
      <main>
        {account.kind === 'loading' && <p className="muted center">Loading …</p>}
        {account.kind === 'failed' && (
          <div className="welcome" role="alert">
            <p>{account.reason}</p>
            <button type="button" onClick={reload}>
              Try again
            </button>
          </div>
        )}
        {account.kind === 'unauthenticated' && (
          <CredentialForm
            reason={account.reason}
            onSubmit={(credential) => {
              client.authenticate(credential);
              reload();
            }}
          />
        )}
        {account.kind === 'ready' &&
          (assistants.length === 0 ? (
            <div className="welcome">
              <p>There are no assistants yet.</p>
              <p>
                Create some with <code>npm run seed</code>, or with <code>createAssistant</code> in{' '}
                <a href="graphiql">GraphiQL</a>.
              </p>
              <button type="button" onClick={reload}>
                Look again
              </button>
            </div>
          ) : (
            <ConversationView state={conversation} assistant={assistant} />
          ))}
      </main>
    </div>
  );
}
