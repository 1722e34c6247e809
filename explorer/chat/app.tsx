/** The chat page. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { nameOf } from './assistant-details.tsx';
import { focusComposer, focusOpened } from './composer.tsx';
import { ConversationView } from './conversation-view.tsx';
import { CredentialForm } from './credential-form.tsx';
import type { GraphQLClient } from './graphql-client.ts';
import { closeLocation, readLocation, writeLocation, type OpenItem } from './location.ts';
import { NewAssistant } from './new-assistant.tsx';
import { Sidebar } from './sidebar.tsx';
import type { StoredThread } from './stored-threads.ts';
import { useTheme } from './theme.ts';
import { useAccount } from './use-account.ts';
import { useConversation } from './use-conversation.ts';

interface AppProps {
  readonly client: GraphQLClient;
  /** Replaces this page by one with the credential. */
  readonly onCredential: (credential: string) => void;
}

export function App({ client, onCredential }: AppProps) {
  const { theme, toggle } = useTheme();
  const {
    state: account,
    reload,
    addAssistant,
    removeAssistant,
    addThread,
    deleteThread,
    loadMoreThreads,
  } = useAccount(client);
  const [open, setOpen] = useState<OpenItem>(readLocation);
  const [isCreating, setIsCreating] = useState(false);
  const [isChangingCredential, setIsChangingCredential] = useState(false);
  const { isMenuOpen, setIsMenuOpen, menuButton } = useMenu();

  useEffect(() => writeLocation(open), [open]);
  useEffect(() => {
    const follow = () => {
      setOpen(readLocation());
      setIsCreating(false);
      setIsChangingCredential(false);
    };
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
  const threads = account.kind === 'ready' ? account.threads.threads : [];
  const threadAssistantId = threads.find(({ id }) => id === open.threadId)?.assistantId;
  const assistantId =
    open.assistantId ?? threadAssistantId ?? (open.threadId === null ? assistants[0]?.id : null) ?? null;
  const conversation = useConversation({
    client,
    assistantId,
    threadId: account.kind === 'ready' ? open.threadId : null,
    onBegin,
    onAssistantMissing: removeAssistant,
  });
  const runAssistantId = conversation.conversation.run?.assistantId;
  const assistant = assistants.find(({ id }) => id === (assistantId ?? runAssistantId)) ?? null;

  const title = threads.find(({ id }) => id === open.threadId)?.title ?? (assistant ? nameOf(assistant) : 'Assistants');
  useEffect(() => {
    document.title = `${title} – Chat`;
  }, [title]);

  const show = (item: OpenItem) => {
    setOpen(item);
    setIsCreating(false);
    setIsChangingCredential(false);
    setIsMenuOpen(false);
    // Behind this render: what was open may have no composer.
    requestAnimationFrame(focusOpened);
  };
  const onNewThread = () => show({ assistantId: assistant?.id ?? null, threadId: null });
  const changeCredential = (credential: string) => {
    closeLocation();
    onCredential(credential);
  };
  const onDeleteThread = ({ id, title: name }: StoredThread) => {
    if (!confirm(`Delete the conversation “${name}”?`)) return;
    deleteThread(id).then(
      () => {
        if (open.threadId === id) show({ assistantId, threadId: null });
      },
      (error: unknown) => alert(`Not deleted: ${error instanceof Error ? error.message : 'it failed.'}`),
    );
  };

  useShortcuts(account.kind === 'ready' ? onNewThread : null);

  return (
    <div className="page">
      <header>
        {account.kind === 'ready' && (
          <button
            type="button"
            className="menu"
            ref={menuButton}
            aria-expanded={isMenuOpen}
            aria-controls="sidebar"
            onClick={() => setIsMenuOpen(!isMenuOpen)}
          >
            Menu
          </button>
        )}
        <h1>
          <a href="./">Assistants</a>
        </h1>
        <a href="graphiql">GraphiQL</a>
        <button type="button" className="quiet" onClick={toggle}>
          {theme === 'dark' ? 'Light' : 'Dark'}
          <span className="only-wide">&nbsp;theme</span>
        </button>
      </header>
      {account.kind === 'ready' && (
        <nav id="sidebar" className={isMenuOpen ? 'is-open' : undefined} aria-label="Assistants and conversations">
          <Sidebar
            assistants={assistants}
            threads={threads}
            assistantId={isCreating || isChangingCredential ? null : assistantId}
            threadId={isCreating || isChangingCredential ? null : open.threadId}
            onOpenAssistant={(id) => show({ assistantId: id, threadId: null })}
            onNewAssistant={() => {
              setIsCreating(true);
              setIsChangingCredential(false);
              setIsMenuOpen(false);
            }}
            onNewThread={onNewThread}
            onOpenThread={({ id, assistantId: of }) => show({ assistantId: of === '' ? null : of, threadId: id })}
            onDeleteThread={onDeleteThread}
            onChangeCredential={
              client.hasCredential
                ? () => {
                    setIsChangingCredential(true);
                    setIsMenuOpen(false);
                  }
                : null
            }
            loadMoreThreads={account.threads.hasMore ? loadMoreThreads : null}
          />
        </nav>
      )}
      <main>
        <div className="content" inert={isMenuOpen}>
          {account.kind === 'loading' && <p className="muted center loading">Loading …</p>}
          {account.kind === 'failed' && (
            <div className="welcome" role="alert">
              <p>{account.reason}</p>
              <button type="button" onClick={reload}>
                Try again
              </button>
            </div>
          )}
          {account.kind === 'unauthenticated' && (
            <CredentialForm rejection={client.hasCredential ? account.reason : null} onSubmit={onCredential} />
          )}
          {account.kind === 'ready' && isChangingCredential && (
            <CredentialForm rejection={null} onSubmit={changeCredential} onCancel={() => show(open)} />
          )}
          {account.kind === 'ready' &&
            !isChangingCredential &&
            (assistants.length === 0 || isCreating ? (
              <div className="scroll">
                <NewAssistant
                  client={client}
                  isFirst={assistants.length === 0}
                  onCreated={(created) => {
                    addAssistant(created);
                    show({ assistantId: created.id, threadId: null });
                  }}
                  onCancel={() => (isCreating ? show(open) : reload())}
                />
              </div>
            ) : (
              <ConversationView
                state={conversation}
                assistant={assistant}
                onNew={() => show({ assistantId: null, threadId: null })}
              />
            ))}
        </div>
      </main>
    </div>
  );
}

/** Those of ChatGPT: Control or Command, Shift and O begin a conversation, Shift and Escape lead to the message box. */
function useShortcuts(onNewThread: (() => void) | null): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const isNewThread = event.shiftKey && (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'o';
      const isFocus = event.shiftKey && event.key === 'Escape';
      if (onNewThread === null || !(isNewThread || isFocus)) return;
      event.preventDefault();
      if (isNewThread) onNewThread();
      else focusComposer();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  });
}

/** The pane of assistants and conversations, which narrow windows show over the conversation. Escape closes it. */
function useMenu() {
  const [isMenuOpen, setIsMenuOpen] = useState(false);
  const menuButton = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!isMenuOpen) return;
    const close = () => setIsMenuOpen(false);
    const onKeyDown = ({ key }: KeyboardEvent) => {
      if (key !== 'Escape') return;
      close();
      menuButton.current?.focus();
    };
    const wide = matchMedia('(min-width: 761px)');
    wide.addEventListener('change', close);
    window.addEventListener('keydown', onKeyDown);
    return () => {
      wide.removeEventListener('change', close);
      window.removeEventListener('keydown', onKeyDown);
    };
  }, [isMenuOpen]);
  return { isMenuOpen, setIsMenuOpen, menuButton };
}
