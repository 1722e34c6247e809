/** The Node interface of Relay, behind `node` and `nodes`. */
import { Field, ID, InterfaceType } from 'type-graphql';

@InterfaceType({ description: 'An object with an id, which `node` refetches.' })
export abstract class Node {
  @Field(() => ID, { description: 'Opaque to clients.' })
  declare readonly id: string;
}
