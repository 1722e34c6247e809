/** What has an id of its own; the interface behind `node` and `nodes`. */
import { Field, ID, InterfaceType } from 'type-graphql';

@InterfaceType({ description: 'A thing with an id of its own, which `node` finds again.' })
export abstract class Node {
  @Field(() => ID, { description: 'Opaque to clients.' })
  declare readonly id: string;
}
