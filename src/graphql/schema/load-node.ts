/** Nodes by their ids. The form of an id says which kind of node it belongs to. */
import { Assistant } from '../assistant/assistant.type.ts';
import type { RequestContext } from '../server/request-context.ts';
import type { Node } from './node.type.ts';
import { Thread } from '../thread/thread.type.ts';

type Upstream = RequestContext['upstream'];

/** Every other id belongs to an assistant: `asst_…`, and the UUIDs of AIML's older backend. */
const THREAD_PREFIX = 'thread_';

/** Null where upstream has none. `id` has passed requireIds. */
export async function loadNode(upstream: Upstream, id: string): Promise<Node | null> {
  if (id.startsWith(THREAD_PREFIX)) {
    const thread = await upstream.threads.load(id);
    return thread && new Thread(thread);
  }
  return loadAssistant(upstream, id);
}

/** Null where upstream has none. `id` has passed requireIds. */
export async function loadAssistant(upstream: Upstream, id: string): Promise<Assistant | null> {
  const assistant = await upstream.assistants.load(id);
  return assistant && new Assistant(assistant);
}

/**
 * In the order of the ids, null where upstream has none. Where the read of one id fails, its error stands in its place and
 * the others are not affected.
 */
export const loadMany = <T>(
  ids: readonly string[],
  load: (id: string) => Promise<T | null>,
): Promise<(T | Error | null)[]> => Promise.all(ids.map((id) => load(id).catch((error: unknown) => error as Error)));
