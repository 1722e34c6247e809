/** The messages of a conversation, oldest first. */
import { memo } from 'react';
import { toText, type Message } from './conversation.ts';
import { CopyButton } from './copy-button.tsx';
import { toWords } from './incomplete-reason.ts';
import { MessageParts } from './message-parts.tsx';
import { RunDetails, type ReadRun } from './run-details.tsx';
import { toTimeText, toWholeTimeText } from './time.ts';

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
  const { role, status, incompleteReason, runId, createdAt } = message;
  const isUser = role === 'USER';
  const text = toText(message);
  return (
    <li className={isUser ? 'message from-user' : 'message from-assistant'}>
      <div className="author">
        <h2>{isUser ? 'You' : assistantName}</h2> <Time of={createdAt} />
      </div>
      <MessageParts message={message} />
      {status === 'IN_PROGRESS' && <span className="cursor" aria-label="is writing" role="img" />}
      {status === 'INCOMPLETE' && !hasNotice && <p className="note">Incomplete. {toWords(incompleteReason)}</p>}
      {!isUser && status !== 'IN_PROGRESS' && (
        <div className="message-actions">
          {text !== '' && <CopyButton read={() => text} />}
          {runId !== null && <RunDetails runId={runId} readRun={readRun} />}
        </div>
      )}
    </li>
  );
});

const Time = ({ of }: { readonly of: string }) => (
  <time dateTime={of} title={toWholeTimeText(of)}>
    {toTimeText(of)}
  </time>
);
