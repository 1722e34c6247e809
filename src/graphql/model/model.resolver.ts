/** The models that an assistant can use. */
import { Authorized, Ctx, Field, ID, Int, Query, Resolver } from 'type-graphql';
import type { WireModel } from '../../aiml/resources/model.ts';
import type { RequestContext } from '../server/request-context.ts';
import type { Scope } from '../../auth/principal.ts';
import { NullableField, SimpleObjectType } from '../schema/decorators.ts';
import { FromWire } from '../schema/from-wire.ts';

@SimpleObjectType('A model that an assistant can use.')
class Model extends FromWire<WireModel> {
  @Field(() => ID, { description: 'The value for `model` of an assistant or a run.' })
  readonly id = this.wire.id;

  @NullableField(() => String, 'The maker of the model. Null if upstream does not report it.')
  readonly owner = this.wire.owner;

  @NullableField(
    () => String,
    "Upstream's kind of model, for example `chat-completion`. Null if upstream does not report it.",
  )
  readonly type = this.wire.type;

  @NullableField(() => Int, 'The maximum context in tokens. Null if upstream does not report it.')
  readonly contextLength = this.wire.context_length;
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
