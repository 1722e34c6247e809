/**
 * The fields of an Apollo Federation 2 subgraph: `_service` with the SDL for composition, and `_entities` for the gateway.
 * See https://www.apollographql.com/docs/graphos/reference/federation/subgraph-specific-fields.
 */
import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, createUnionType, Ctx, Field, Info, ObjectType, Query, Resolver } from 'type-graphql';
import { Assistant } from '../assistant/assistant.type.ts';
import { loadAssistant } from '../assistant/load-assistant.ts';
import { loadMany } from '../schema/load-node.ts';
import type { RequestContext } from '../server/request-context.ts';
import type { Scope } from '../../auth/principal.ts';
import { MAX_IDS } from '../schema/ids.ts';
import { Representation, toAssistantIds } from './representation.ts';
import { toSubgraphSdl } from './subgraph-sdl.ts';

@ObjectType('_Service', { simpleResolvers: true, description: 'This service as a subgraph.' })
class Subgraph {
  @Field(() => String, { description: 'The SDL for composition, with the directives of Federation.' })
  readonly sdl: string;

  constructor(sdl: string) {
    this.sdl = sdl;
  }
}

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
    return loadMany(toAssistantIds(representations), (id) => loadAssistant(upstream, id));
  }
}
