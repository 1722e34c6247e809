/**
 * `node` and `nodes`: things by id, whatever they are. Ids are upstream's own and say nothing of their type; assistants
 * are the only things there are so far.
 */
import { Arg, Authorized, Ctx, ID, Query, Resolver } from 'type-graphql';
import { Assistant } from './assistant/assistant.type.ts';
import { loadMany } from './assistant/load-many.ts';
import type { RequestContext, Scope } from './context.ts';
import { MAX_IDS, requireIds } from './entity-id.ts';
import { ServiceError } from './errors.ts';
import { Node } from './node.type.ts';

@Resolver()
export class NodeResolver {
  @Authorized<Scope>('assistants:read')
  @Query(() => Node, { nullable: true, description: 'The thing with this id, or null where upstream has none.' })
  async node(
    @Arg('id', () => ID, { description: 'An id that this API gave.' }) id: string,
    @Ctx() { upstream }: RequestContext,
  ): Promise<Node | null> {
    requireIds('id', id);
    const wire = await upstream.assistants.load(id);
    return wire && new Assistant(wire);
  }

  @Authorized<Scope>('assistants:read')
  @Query(() => [Node], {
    nullable: 'items',
    description: `At most ${MAX_IDS} ids; the answer keeps their order and holds null for each that is not found.`,
  })
  nodes(
    @Arg('ids', () => [ID], { description: `At most ${MAX_IDS}; one may occur more than once.` }) ids: string[],
    @Ctx() { upstream }: RequestContext,
  ): Promise<(Node | Error | null)[]> {
    if (ids.length > MAX_IDS) throw new ServiceError('BAD_USER_INPUT', `Argument "ids" takes at most ${MAX_IDS} ids.`);
    requireIds('ids', ...ids);
    return loadMany(upstream, ids);
  }
}
