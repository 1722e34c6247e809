/** The Node interface of Relay, behind `node` and `nodes`. */
import { Field, ID, InterfaceType } from 'type-graphql';
import { FromWire } from './from-wire.ts';

@InterfaceType({ description: 'An object with an id, which `node` refetches.' })
export abstract class Node<Wire = unknown> extends FromWire<Wire> {
  @Field(() => ID, { description: 'Opaque to clients.' })
  declare readonly id: string;
}
