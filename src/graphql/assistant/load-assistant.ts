/** Loads an assistant by its id. */
import type { RequestContext } from '../server/request-context.ts';
import { Assistant } from './assistant.type.ts';

/** Null if upstream does not have it. `id` has passed requireIds, or is one of upstream's. */
export async function loadAssistant(upstream: RequestContext['upstream'], id: string): Promise<Assistant | null> {
  const wire = await upstream.assistants.load(id);
  return wire && new Assistant(wire);
}
