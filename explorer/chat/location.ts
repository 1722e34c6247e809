/** What is open, in the fragment of the address: it survives a reload and is never sent to the server. */

export interface OpenItem {
  readonly assistantId: string | null;
  readonly threadId: string | null;
}

export function readLocation(): OpenItem {
  const fragment = new URLSearchParams(window.location.hash.slice(1));
  return { assistantId: fragment.get('assistant'), threadId: fragment.get('thread') };
}

export function writeLocation({ assistantId, threadId }: OpenItem): void {
  const current = readLocation();
  // Otherwise the page would add an entry to the history as soon as the user goes back to it.
  if (current.assistantId === assistantId && current.threadId === threadId) return;
  const fragment = new URLSearchParams();
  if (assistantId !== null) fragment.set('assistant', assistantId);
  if (threadId !== null) fragment.set('thread', threadId);
  history.pushState(null, '', `#${fragment.toString()}`);
}

/** Nothing is open, and the way back does not lead to what was. */
export const closeLocation = (): void => history.replaceState(null, '', window.location.pathname);
