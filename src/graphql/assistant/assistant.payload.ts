/** The payloads of the mutations of assistants. */
import { ID } from 'type-graphql';
import { Payload } from '../schema/payload.type.ts';
import type { UserError } from '../schema/user-error.ts';
import { Assistant } from './assistant.type.ts';
import { NullableField, SimpleObjectType } from '../schema/decorators.ts';

@SimpleObjectType()
abstract class AssistantPayload extends Payload {
  @NullableField(() => Assistant, 'The assistant as it is after the mutation. Null if there are user errors.')
  readonly assistant: Assistant | null;

  constructor(assistant: Assistant | null, userErrors: readonly UserError[] = []) {
    super(userErrors);
    this.assistant = assistant;
  }
}

@SimpleObjectType('The result of a create.')
export class CreateAssistantPayload extends AssistantPayload {}

@SimpleObjectType('The result of an update.')
export class UpdateAssistantPayload extends AssistantPayload {}

@SimpleObjectType('The result of a delete.')
export class DeleteAssistantPayload extends Payload {
  @NullableField(() => ID, 'The id of the deleted assistant. Null if there are user errors.')
  readonly deletedAssistantId: string | null;

  constructor(deletedAssistantId: string | null, userErrors: readonly UserError[] = []) {
    super(userErrors);
    this.deletedAssistantId = deletedAssistantId;
  }
}
