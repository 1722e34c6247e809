/**
 * The fields of an Apollo Federation 2 subgraph: `_service` with the SDL for composition, and `_entities` for the gateway.
 * See https://www.apollographql.com/docs/graphos/reference/federation/subgraph-specific-fields.
 */
import { GraphQLScalarType, type GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, createUnionType, Ctx, Field, Info, ObjectType, Query, Resolver } from 'type-graphql';
import { Assistant } from '../assistant/assistant.type.ts';
import type { RequestContext } from '../server/request-context.ts';
import type { Scope } from '../../auth/principal.ts';
import { ID_FORMAT, loadMany, MAX_IDS } from '../schema/ids.ts';
import { loadObject } from '../schema/from-wire.ts';
import { isUpstreamId } from '../../aiml/wire.ts';
import { ServiceError } from '../errors/codes.ts';
import { toSubgraphSdl } from './subgraph-sdl.ts';

@ObjectType('_Service', { simpleResolvers: true, description: 'This service as a subgraph.' })
class Subgraph {
  @Field(() => String, { description: 'The SDL for composition, with the directives of Federation.' })
  readonly sdl: string;

  constructor(sdl: string) {
    this.sdl = sdl;
  }
}

/** How a gateway refers to an entity: its type name and its key. Accepts any value. {@link toAssistantIds} validates it after the scope check. */
const Representation = new GraphQLScalarType<unknown, unknown>({
  name: '_Any',
  description: 'A reference to an entity, for example `{"__typename": "Assistant", "id": "asst_1"}`.',
});

const Entity = createUnionType({
  name: '_Entity',
  description: 'The types that other subgraphs can refer to.',
  types: () => [Assistant] as const,
});

@Resolver()
export class FederationResolver {
  #subgraph: Subgraph | null = null;

  /** Needs no credential: composition tools do not have one. */
  @Query(() => Subgraph, { name: '_service', description: 'For composition.' })
  service(@Info() { schema }: GraphQLResolveInfo): Subgraph {
    return (this.#subgraph ??= new Subgraph(toSubgraphSdl(schema)));
  }

  @Authorized<Scope>('assistants:read')
  @Query(() => [Entity], {
    name: '_entities',
    nullable: 'items',
    description: 'For gateways. The result keeps the order and has null for each entity that is not found.',
  })
  entities(
    @Arg('representations', () => [Representation], {
      description: `At most ${MAX_IDS}; one may occur more than once.`,
    })
    representations: unknown[],
    @Ctx() { upstream }: RequestContext,
  ): Promise<(Assistant | Error | null)[]> {
    return loadMany(toAssistantIds(representations), (id) => loadObject(upstream.assistants, id, Assistant));
  }
}

/** The ids of the representations, in order. Throws BAD_USER_INPUT with the position of the first invalid one. */
function toAssistantIds(representations: readonly unknown[]): string[] {
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
