/** The query of models. */
import { Authorized, Ctx, Query, Resolver } from 'type-graphql';
import type { RequestContext } from '../server/request-context.ts';
import type { Scope } from '../../auth/principal.ts';
import { Model } from './model.type.ts';

@Resolver()
export class ModelResolver {
  @Authorized<Scope>('assistants:read')
  @Query(() => [Model], {
    nullable: true,
    description:
      "The models that an assistant can use, in upstream's order, for pickers. Null, with an error, if they cannot be read. " +
      'They are cached for five minutes.',
  })
  async models(@Ctx() { upstream }: RequestContext): Promise<Model[]> {
    return (await upstream.models()).map((wire) => new Model(wire));
  }
}
