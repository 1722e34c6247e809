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
  const fragment = new URLSearchParams();
  if (assistantId !== null) fragment.set('assistant', assistantId);
  if (threadId !== null) fragment.set('thread', threadId);
  const hash = `#${fragment.toString()}`;
  if (hash !== window.location.hash) history.pushState(null, '', hash);
}
