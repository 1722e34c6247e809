/** The payloads of the mutations of messages. */
import { ID } from 'type-graphql';
import { Payload } from '../schema/payload.type.ts';
import type { UserError } from '../schema/user-error.ts';
import { Message } from './message.type.ts';
import { NullableField, SimpleObjectType } from '../schema/decorators.ts';

@SimpleObjectType()
abstract class MessagePayload extends Payload {
  @NullableField(() => Message, 'The message as it is after the mutation. Null if there are user errors.')
  readonly message: Message | null;

  constructor(message: Message | null, userErrors: readonly UserError[] = []) {
    super(userErrors);
    this.message = message;
  }
}

@SimpleObjectType('The result of a create.')
export class CreateMessagePayload extends MessagePayload {}

@SimpleObjectType('The result of an update.')
export class UpdateMessagePayload extends MessagePayload {}

@SimpleObjectType('The result of a delete.')
export class DeleteMessagePayload extends Payload {
  @NullableField(() => ID, 'The id of the deleted message. Null if there are user errors.')
  readonly deletedMessageId: string | null;

  constructor(deletedMessageId: string | null, userErrors: readonly UserError[] = []) {
    super(userErrors);
    this.deletedMessageId = deletedMessageId;
  }
}
