/** The messages of a conversation, oldest first. */
import { useState } from 'react';
import type { Message } from './conversation.ts';
import { Markdown } from './markdown.tsx';

export interface MessageListProps {
  readonly messages: readonly Message[];
  readonly assistantName: string;
}

export const MessageList = ({ messages, assistantName }: MessageListProps) => (
  <ol className="messages">
    {messages.map((message) => (
      <MessageItem key={message.id} message={message} assistantName={assistantName} />
    ))}
  </ol>
);

function MessageItem({ message, assistantName }: { readonly message: Message; readonly assistantName: string }) {
  const { role, status, text } = message;
  const isUser = role === 'USER';
  return (
    <li className={isUser ? 'message from-user' : 'message from-assistant'}>
      <p className="author">{isUser ? 'You' : assistantName}</p>
      {isUser ? <p className="plain">{text}</p> : <Markdown text={text} />}
      {status === 'IN_PROGRESS' && <span className="cursor" aria-label="is writing" role="img" />}
      {status === 'INCOMPLETE' && <p className="note">This message is incomplete.</p>}
      {!isUser && status !== 'IN_PROGRESS' && text !== '' && <CopyButton text={text} />}
    </li>
  );
}

function CopyButton({ text }: { readonly text: string }) {
  const [isCopied, setIsCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(text).then(() => {
      setIsCopied(true);
      setTimeout(() => setIsCopied(false), 2000);
    });
  };
  return (
    <button type="button" className="quiet copy" onClick={copy}>
      {isCopied ? 'Copied' : 'Copy'}
    </button>
  );
}
