/** The models that an assistant can use. */
import { Authorized, Ctx, Field, ID, Int, Query, Resolver } from 'type-graphql';
import type { WireModel } from '../../aiml/resources/model.ts';
import type { RequestContext } from '../server/request-context.ts';
import type { Scope } from '../../auth/principal.ts';
import { NullableField, SimpleObjectType } from '../schema/decorators.ts';

@SimpleObjectType('A model that an assistant can use.')
class Model {
  @Field(() => ID, { description: 'The value for `model` of an assistant or a run.' })
  readonly id: string;

  @NullableField(() => String, 'The maker of the model. Null if upstream does not report it.')
  readonly owner: string | null;

  @NullableField(
    () => String,
    "Upstream's kind of model, for example `chat-completion`. Null if upstream does not report it.",
  )
  readonly type: string | null;

  @NullableField(() => Int, 'The maximum context in tokens. Null if upstream does not report it.')
  readonly contextLength: number | null;

  constructor(wire: WireModel) {
    this.id = wire.id;
    this.owner = wire.owner;
    this.type = wire.type;
    this.contextLength = wire.context_length;
  }
}

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
