/** A model as it is read. */
import { Field, ID, Int, ObjectType } from 'type-graphql';
import type { WireModel } from '../../aiml/resources/model.ts';

@ObjectType({ simpleResolvers: true, description: 'A model that answers for an assistant.' })
export class Model {
  @Field(() => ID, { description: 'What `model` of an assistant or a run takes.' })
  readonly id: string;

  @Field(() => String, { nullable: true, description: 'Who makes it. Null where upstream says nothing.' })
  readonly owner: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Upstream's kind of model, for example `chat-completion`. Null where it says nothing.",
  })
  readonly type: string | null;

  @Field(() => Int, { nullable: true, description: 'The most tokens of a context. Null where upstream says nothing.' })
  readonly contextLength: number | null;

  constructor(wire: WireModel) {
    this.id = wire.id;
    this.owner = wire.owner;
    this.type = wire.type;
    this.contextLength = wire.context_length;
  }
}
