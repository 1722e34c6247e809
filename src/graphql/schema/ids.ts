/** Ids as arguments of queries. Ids in the input of a mutation are the business of its validation. */
import { isUpstreamId } from '../../aiml/upstream-id.ts';
import { ServiceError } from '../errors/codes.ts';

/** What an id looks like, for messages. */
export const ID_FORMAT = '1 to 64 letters, digits, underscores and hyphens';

/** How many things may be asked for by id at once. */
export const MAX_IDS = 100;

/** Throws BAD_USER_INPUT where a value of the argument cannot be an id; nothing is asked of upstream then. */
export function requireIds(argument: string, ...ids: readonly string[]): void {
  if (!ids.every(isUpstreamId))
    throw new ServiceError('BAD_USER_INPUT', `Argument "${argument}" holds no valid id: ${ID_FORMAT}.`);
}
