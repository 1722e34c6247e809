/** Reads out what the assistant writes, for users of screen readers: whole sentences, each once, as they arrive. */
import { useEffect, useRef, useState } from 'react';
import { toText, type Message, type Run } from './conversation.ts';

export interface AnnouncerProps {
  readonly messages: readonly Message[];
  readonly run: Run | null;
}

interface Entry {
  readonly key: string;
  readonly text: string;
}

const MAX_ENTRIES = 20;

export function Announcer({ messages, run }: AnnouncerProps) {
  const [entries, setEntries] = useState<readonly Entry[]>([]);
  /** The run that this page saw in progress. A response of the past is not read out. */
  const liveRunId = useRef<string | null>(null);
  const announced = useRef<{ readonly messageId: string | null; readonly length: number }>({
    messageId: null,
    length: 0,
  });
  useEffect(() => {
    if (run && !run.hasEnded) liveRunId.current = run.id;
    const message = messages.at(-1);
    if (!run || message?.role !== 'ASSISTANT' || message.runId !== liveRunId.current) return;
    const text = toText(message);
    const start = announced.current.messageId === message.id ? announced.current.length : 0;
    const end = run.hasEnded || message.status !== 'IN_PROGRESS' ? text.length : endOfLastSentence(text);
    if (end <= start) return;
    announced.current = { messageId: message.id, length: end };
    const entry = { key: `${message.id} ${start}`, text: text.slice(start, end).trim() };
    setEntries((current) => [...current, entry].slice(-MAX_ENTRIES));
  }, [messages, run]);
  return (
    <div className="visually-hidden" role="log" aria-label="What the assistant writes">
      {entries.map(({ key, text }) => (
        <p key={key}>{text}</p>
      ))}
    </div>
  );
}

/** Behind the last sentence or line that is complete; 0 if none is. */
function endOfLastSentence(text: string): number {
  const ends = [...text.matchAll(/[.!?…:;](?=\s)|\n/g)];
  return (ends.at(-1)?.index ?? -1) + 1;
}
