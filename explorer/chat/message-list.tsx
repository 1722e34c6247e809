/** The messages of a conversation, oldest first. */
import { memo, useState } from 'react';
import { toText, type Message } from './conversation.ts';
import { toWords } from './incomplete-reason.ts';
import { MessageParts } from './message-parts.tsx';
import { RunDetails, type ReadRun } from './run-details.tsx';

interface MessageListProps {
  readonly messages: readonly Message[];
  /** The run whose end is shown below the messages; null if there is none. */
  readonly noticedRunId: string | null;
  readonly assistantName: string;
  readonly readRun: ReadRun;
}

export const MessageList = ({ messages, noticedRunId, assistantName, readRun }: MessageListProps) => (
  <ol className="messages">
    {messages.map((message) => (
      <MessageItem
        key={message.id}
        message={message}
        hasNotice={message.runId !== null && message.runId === noticedRunId}
        assistantName={assistantName}
        readRun={readRun}
      />
    ))}
  </ol>
);

interface MessageItemProps {
  readonly message: Message;
  readonly hasNotice: boolean;
  readonly assistantName: string;
  readonly readRun: ReadRun;
}

/** Rendered again only if the message has changed: an event changes one message of many. */
const MessageItem = memo(function MessageItem({ message, hasNotice, assistantName, readRun }: MessageItemProps) {
  const { role, status, incompleteReason, runId } = message;
  const isUser = role === 'USER';
  const text = toText(message);
  return (
    <li className={isUser ? 'message from-user' : 'message from-assistant'}>
      <h2 className="author">{isUser ? 'You' : assistantName}</h2>
      <MessageParts message={message} />
      {status === 'IN_PROGRESS' && <span className="cursor" aria-label="is writing" role="img" />}
      {status === 'INCOMPLETE' && !hasNotice && <p className="note">Incomplete. {toWords(incompleteReason)}</p>}
      {!isUser && status !== 'IN_PROGRESS' && (
        <div className="message-actions">
          {text !== '' && <CopyButton text={text} />}
          {runId !== null && <RunDetails runId={runId} readRun={readRun} />}
        </div>
      )}
    </li>
  );
});

type CopyState = 'ready' | 'copied' | 'failed';

function CopyButton({ text }: { readonly text: string }) {
  const [state, setState] = useState<CopyState>('ready');
  const copy = () => {
    // Without a secure context, as on another machine of the network over HTTP, there is no clipboard.
    const written = window.isSecureContext ? navigator.clipboard.writeText(text) : Promise.reject(new Error());
    void written
      .then(
        () => setState('copied'),
        () => setState('failed'),
      )
      .then(() => setTimeout(() => setState('ready'), 2000));
  };
  return (
    <button type="button" className="quiet" onClick={copy}>
      <span aria-live="polite">{COPY_LABELS[state]}</span>
    </button>
  );
}

const COPY_LABELS = { ready: 'Copy', copied: 'Copied', failed: 'Not copied: the browser does not allow it' } as const;
