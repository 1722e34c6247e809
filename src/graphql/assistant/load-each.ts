/** Assistants by their ids, one for each. */
import type { RequestContext } from '../context.ts';
import { toAssistant } from './assistant.mapper.ts';
import type { Assistant } from './assistant.type.ts';

/**
 * In the order of the ids, null where upstream has none. An id whose read fails becomes its error, in its place: it takes
 * no other one with it.
 */
export const loadEach = (
  assistants: RequestContext['assistants'],
  ids: readonly string[],
): Promise<(Assistant | Error | null)[]> =>
  Promise.all(
    ids.map((id) =>
      assistants.load(id).then(
        (wire) => wire && toAssistant(wire),
        (error: unknown) => error as Error,
      ),
    ),
  );
