/** Queries and mutations over the data source of the request. */
import { Arg, Ctx, ID, Int, Mutation, Query, Resolver } from 'type-graphql';
import type { Assistant as AssistantFields } from '../assistant.mapper.ts';
import { CreateAssistantInput } from './assistant.input.ts';
import { Assistant, AssistantConnection, CreateAssistantPayload } from './assistant.type.ts';
import type { AssistantsApi } from './assistants-api.ts';

export interface BaselineContext {
  readonly dataSources: { readonly assistants: AssistantsApi };
}

interface Connection {
  readonly edges: readonly { readonly cursor: string; readonly node: AssistantFields }[];
  readonly nodes: readonly AssistantFields[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

@Resolver()
export class AssistantResolver {
  @Query(() => Assistant, { nullable: true })
  assistant(@Arg('id', () => ID) id: string, @Ctx() { dataSources }: BaselineContext): Promise<AssistantFields> {
    return dataSources.assistants.getAssistant(id);
  }

  @Query(() => AssistantConnection)
  async assistants(
    @Arg('first', () => Int, { defaultValue: 20 }) first: number,
    @Arg('after', () => String, { nullable: true }) after: string | undefined,
    @Ctx() { dataSources }: BaselineContext,
  ): Promise<Connection> {
    const { nodes, hasMore } = await dataSources.assistants.getAssistants(first, after ?? null);
    return {
      edges: nodes.map((node) => ({ cursor: node.id, node })),
      nodes,
      pageInfo: {
        hasNextPage: hasMore,
        hasPreviousPage: after !== undefined,
        startCursor: nodes.at(0)?.id ?? null,
        endCursor: nodes.at(-1)?.id ?? null,
      },
    };
  }

  @Mutation(() => CreateAssistantPayload)
  async createAssistant(
    @Arg('input', () => CreateAssistantInput) input: CreateAssistantInput,
    @Ctx() { dataSources }: BaselineContext,
  ): Promise<{ assistant: AssistantFields; userErrors: [] }> {
    return { assistant: await dataSources.assistants.createAssistant(input), userErrors: [] };
  }
}
