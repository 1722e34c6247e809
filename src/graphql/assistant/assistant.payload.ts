/** What the mutations of assistants answer. */
import { Field, ID, ObjectType } from 'type-graphql';
import { UserError } from '../schema/user-error.ts';
import { Assistant } from './assistant.type.ts';

@ObjectType({ simpleResolvers: true, description: 'What became of a create.' })
export class CreateAssistantPayload {
  @Field(() => Assistant, { nullable: true, description: 'The new assistant. Null where there are user errors.' })
  readonly assistant: Assistant | null;

  @Field(() => [UserError], { description: 'What the caller can mend. Empty where the assistant was created.' })
  readonly userErrors: readonly UserError[];

  constructor(assistant: Assistant | null, userErrors: readonly UserError[] = []) {
    this.assistant = assistant;
    this.userErrors = userErrors;
  }
}

@ObjectType({ simpleResolvers: true, description: 'What became of an update.' })
export class UpdateAssistantPayload {
  @Field(() => Assistant, {
    nullable: true,
    description: 'The assistant as it is after the update. Null where there are user errors.',
  })
  readonly assistant: Assistant | null;

  @Field(() => [UserError], { description: 'What the caller can mend. Empty where the update was applied.' })
  readonly userErrors: readonly UserError[];

  constructor(assistant: Assistant | null, userErrors: readonly UserError[] = []) {
    this.assistant = assistant;
    this.userErrors = userErrors;
  }
}

@ObjectType({ simpleResolvers: true, description: 'What became of a delete.' })
export class DeleteAssistantPayload {
  @Field(() => ID, { nullable: true, description: 'The id that is gone. Null where there are user errors.' })
  readonly deletedAssistantId: string | null;

  @Field(() => [UserError], { description: 'What the caller can mend. Empty where the assistant was deleted.' })
  readonly userErrors: readonly UserError[];

  constructor(deletedAssistantId: string | null, userErrors: readonly UserError[] = []) {
    this.deletedAssistantId = deletedAssistantId;
    this.userErrors = userErrors;
  }
}
