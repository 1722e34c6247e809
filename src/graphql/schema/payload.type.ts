/** The base class of all mutation payloads. */
import { Field } from 'type-graphql';
import { UserError } from './user-error.ts';
import { SimpleObjectType } from './decorators.ts';

/** It is not a type of the schema. Subclasses add the written object, which is null if there are user errors. */
@SimpleObjectType()
export abstract class Payload {
  @Field(() => [UserError], { description: 'Errors that the client can fix. Empty if the mutation was applied.' })
  readonly userErrors: readonly UserError[];

  protected constructor(userErrors: readonly UserError[]) {
    this.userErrors = userErrors;
  }
}
