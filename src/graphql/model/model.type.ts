/** The object type of a model. */
import { Field, ID, Int } from 'type-graphql';
import type { WireModel } from '../../aiml/resources/model.ts';
import { NullableField, SimpleObjectType } from '../schema/decorators.ts';

@SimpleObjectType('A model that an assistant can use.')
export class Model {
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
