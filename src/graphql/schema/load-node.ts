/** Loads nodes by id. The prefix of an id decides its type. */
import type { GraphQLResolveInfo } from 'graphql';
import { loadAssistant } from '../assistant/load-assistant.ts';
import type { RequestContext } from '../server/request-context.ts';
import type { Node } from './node.type.ts';
import { loadThread } from '../thread/load-thread.ts';

type Upstream = RequestContext['upstream'];

/** Every other id belongs to an assistant: `asst_…`, and the UUIDs of AIML's older backend. */
const THREAD_PREFIX = 'thread_';

/** Null if upstream does not have it. `id` has passed requireIds. `info`: of the field that returns the object. */
export const loadNode = (upstream: Upstream, id: string, info: GraphQLResolveInfo): Promise<Node | null> =>
  id.startsWith(THREAD_PREFIX) ? loadThread(upstream, id, info) : loadAssistant(upstream, id);

/**
 * Loads in the order of the ids. An entry is null if upstream does not have it, and an error if reading it failed; the
 * other entries are not affected.
 */
export const loadMany = <T>(
  ids: readonly string[],
  load: (id: string) => Promise<T | null>,
): Promise<(T | Error | null)[]> => Promise.all(ids.map((id) => load(id).catch((error: unknown) => error as Error)));
