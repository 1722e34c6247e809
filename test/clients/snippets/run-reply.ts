// What a run has written so far: docs/clients.md shows it. The React components of all clients reduce events with it.
import type { RunEvent } from './operations.ts';

/** The texts of a run by message and part, in order, and the state of the run. */
export interface Reply {
  readonly texts: Readonly<Record<string, string>>;
  readonly status: string;
  readonly hasEnded: boolean;
}

export const noReply: Reply = { texts: {}, status: 'QUEUED', hasEnded: false };

/** A reducer. An event that comes twice changes nothing. */
export function applyEvent(reply: Reply, event: RunEvent): Reply {
  if (event.__typename === 'RunStateEvent') return { ...reply, ...event.run };
  if (event.__typename !== 'MessageTextEvent') return reply;
  const part = `${event.messageId}/${event.contentIndex}`;
  const have = reply.texts[part] ?? '';
  return { ...reply, texts: { ...reply.texts, [part]: have.slice(0, event.offset) + event.text } };
}
