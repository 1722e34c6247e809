/** The payloads of the mutations of assistants. */
import { Field, ID, ObjectType } from 'type-graphql';
import { Payload } from '../schema/payload.type.ts';
import type { UserError } from '../schema/user-error.ts';
import { Assistant } from './assistant.type.ts';

@ObjectType({ simpleResolvers: true })
abstract class AssistantPayload extends Payload {
  @Field(() => Assistant, {
    nullable: true,
    description: 'The assistant as it is after the mutation. Null if there are user errors.',
  })
  readonly assistant: Assistant | null;

  constructor(assistant: Assistant | null, userErrors: readonly UserError[] = []) {
    super(userErrors);
    this.assistant = assistant;
  }
}

@ObjectType({ simpleResolvers: true, description: 'The result of a create.' })
export class CreateAssistantPayload extends AssistantPayload {}

@ObjectType({ simpleResolvers: true, description: 'The result of an update.' })
export class UpdateAssistantPayload extends AssistantPayload {}

@ObjectType({ simpleResolvers: true, description: 'The result of a delete.' })
export class DeleteAssistantPayload extends Payload {
  @Field(() => ID, { nullable: true, description: 'The id of the deleted assistant. Null if there are user errors.' })
  readonly deletedAssistantId: string | null;

  constructor(deletedAssistantId: string | null, userErrors: readonly UserError[] = []) {
    super(userErrors);
    this.deletedAssistantId = deletedAssistantId;
  }
}
