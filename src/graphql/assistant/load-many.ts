/** Assistants by their ids, one for each. */
import type { RequestContext } from '../context.ts';
import { Assistant } from './assistant.type.ts';

/**
 * In the order of the ids, null where upstream has none. Where the read of one id fails, its error stands in its place and
 * the others are not affected.
 */
export const loadMany = (
  { assistants }: RequestContext['upstream'],
  ids: readonly string[],
): Promise<(Assistant | Error | null)[]> =>
  Promise.all(
    ids.map((id) =>
      assistants.load(id).then(
        (wire) => wire && new Assistant(wire),
        (error: unknown) => error as Error,
      ),
    ),
  );
