/** Representations: a gateway refers to an entity by an object with its type name and its key. */
import { GraphQLScalarType } from 'graphql';
import { isUpstreamId } from '../../aiml/wire.ts';
import { ID_FORMAT, MAX_IDS } from '../schema/ids.ts';
import { ServiceError } from '../errors/codes.ts';

/** Accepts any value. {@link toAssistantIds} validates it after the scope check. */
export const Representation = new GraphQLScalarType<unknown, unknown>({
  name: '_Any',
  description: 'A reference to an entity, for example `{"__typename": "Assistant", "id": "asst_1"}`.',
});

/** The ids of the representations, in order. Throws BAD_USER_INPUT with the position of the first invalid one. */
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
