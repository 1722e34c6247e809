/** `node` and `nodes`: objects by id, whatever their type. */
import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, ID, Info, Query, Resolver } from 'type-graphql';
import type { RequestContext } from '../server/request-context.ts';
import type { Scope } from '../../auth/principal.ts';
import { loadMany, MAX_IDS, requireIds } from './ids.ts';
import { Assistant } from '../assistant/assistant.type.ts';
import { loadObject } from './from-wire.ts';
import { loadThread } from '../thread/load-thread.ts';
import { ServiceError } from '../errors/codes.ts';
import { Node } from './node.type.ts';

@Resolver()
export class NodeResolver {
  @Authorized<Scope>('assistants:read')
  @Query(() => Node, { nullable: true, description: 'The object with this id, or null if upstream has none.' })
  node(
    @Arg('id', () => ID, { description: 'An id that this API returned.' }) id: string,
    @Ctx() { upstream }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Node | null> {
    requireIds('id', id);
    return loadNode(upstream, id, info);
  }

  @Authorized<Scope>('assistants:read')
  @Query(() => [Node], {
    nullable: 'items',
    description: `At most ${MAX_IDS} ids. The result keeps their order and has null for each that is not found.`,
  })
  nodes(
    @Arg('ids', () => [ID], { description: `At most ${MAX_IDS}; one may occur more than once.` }) ids: string[],
    @Ctx() { upstream }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<(Node | Error | null)[]> {
    if (ids.length > MAX_IDS) throw new ServiceError('BAD_USER_INPUT', `Argument "ids" takes at most ${MAX_IDS} ids.`);
    requireIds('ids', ...ids);
    return loadMany(ids, (id) => loadNode(upstream, id, info));
  }
}

/** Every other id belongs to an assistant: `asst_…`, and the UUIDs of AIML's older backend. */
const THREAD_PREFIX = 'thread_';

/** Null if upstream does not have it. `id` has passed requireIds. `info`: of the field that returns the object. */
const loadNode = (upstream: RequestContext['upstream'], id: string, info: GraphQLResolveInfo): Promise<Node | null> =>
  id.startsWith(THREAD_PREFIX) ? loadThread(upstream, id, info) : loadObject(upstream.assistants, id, Assistant);
