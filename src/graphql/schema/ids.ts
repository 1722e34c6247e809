/** Ids as arguments of queries. The input validator checks ids in inputs of mutations. */
import { isUpstreamId } from '../../aiml/wire.ts';
import { ServiceError } from '../errors/codes.ts';

/** The format of ids and identifiers, for messages and descriptions. */
export const ID_FORMAT = '1 to 64 letters, digits, underscores and hyphens';

export const MAX_IDS = 100;

/** Throws BAD_USER_INPUT if a value of the argument is not a valid id, before upstream is called. */
export function requireIds(argument: string, ...ids: readonly string[]): void {
  if (!ids.every(isUpstreamId))
    throw new ServiceError('BAD_USER_INPUT', `Argument "${argument}" holds no valid id: ${ID_FORMAT}.`);
}

/**
 * Loads in the order of the ids. An entry is null if upstream does not have it, and an error if reading it failed; the
 * other entries are not affected.
 */
export const loadMany = <T>(
  ids: readonly string[],
  load: (id: string) => Promise<T | null>,
): Promise<(T | Error | null)[]> => Promise.all(ids.map((id) => load(id).catch((error: unknown) => error as Error)));
