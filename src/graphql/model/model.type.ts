/** The object type of a model. */
import { Field, ID, Int, ObjectType } from 'type-graphql';
import type { WireModel } from '../../aiml/resources/model.ts';

@ObjectType({ simpleResolvers: true, description: 'A model that an assistant can use.' })
export class Model {
  @Field(() => ID, { description: 'The value for `model` of an assistant or a run.' })
  readonly id: string;

  @Field(() => String, { nullable: true, description: 'The maker of the model. Null if upstream does not report it.' })
  readonly owner: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Upstream's kind of model, for example `chat-completion`. Null if upstream does not report it.",
  })
  readonly type: string | null;

  @Field(() => Int, {
    nullable: true,
    description: 'The maximum context in tokens. Null if upstream does not report it.',
  })
  readonly contextLength: number | null;

  constructor(wire: WireModel) {
    this.id = wire.id;
    this.owner = wire.owner;
    this.type = wire.type;
    this.contextLength = wire.context_length;
  }
}
