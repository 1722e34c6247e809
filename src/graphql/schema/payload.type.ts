/** What the payloads of all mutations have in common. */
import { Field, ObjectType } from 'type-graphql';
import { UserError } from './user-error.ts';

/** It is not a type of the schema. Subclasses add what was written: null where there are user errors. */
@ObjectType({ simpleResolvers: true })
export abstract class Payload {
  @Field(() => [UserError], { description: 'What the caller can fix. Empty where the mutation was applied.' })
  readonly userErrors: readonly UserError[];

  protected constructor(userErrors: readonly UserError[]) {
    this.userErrors = userErrors;
  }
}
