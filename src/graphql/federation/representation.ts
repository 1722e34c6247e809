/** How a gateway refers to an entity: an object of its type's name and its key. */
import { GraphQLScalarType } from 'graphql';
import { isUpstreamId } from '../../aiml/upstream-id.ts';
import { ID_FORMAT, MAX_IDS } from '../schema/ids.ts';
import { ServiceError } from '../errors/codes.ts';

/** It takes any value: what is wrong with one is told by {@link toAssistantIds}, and only to those who may read. */
export const Representation = new GraphQLScalarType<unknown, unknown>({
  name: '_Any',
  description: 'A reference to an entity, for example `{"__typename": "Assistant", "id": "asst_1"}`.',
});

/**
 * The ids that the representations hold, in their order. Throws BAD_USER_INPUT that tells the place of the first one that
 * cannot be used.
 */
export function toAssistantIds(representations: readonly unknown[]): string[] {
  if (representations.length > MAX_IDS)
    throw new ServiceError('BAD_USER_INPUT', `Argument "representations" takes at most ${MAX_IDS} entries.`);
  return representations.map((representation, index) => {
    if (!isObject(representation)) return rejectRepresentation(`[${index}]`, 'An entity is referred to by an object.');
    const { __typename: type, id } = representation;
    if (type !== 'Assistant')
      return rejectRepresentation(`[${index}].__typename`, 'The only entities are of type "Assistant".');
    return typeof id === 'string' && isUpstreamId(id)
      ? id
      : rejectRepresentation(`[${index}].id`, `A valid id is ${ID_FORMAT}.`);
  });
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

function rejectRepresentation(position: string, reason: string): never {
  throw new ServiceError(
    'BAD_USER_INPUT',
    `Argument "representations" cannot be used at "representations${position}": ${reason}`,
  );
}
