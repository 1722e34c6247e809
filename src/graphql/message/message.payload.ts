/** The payloads of the mutations of messages. */
import { Field, ID, ObjectType } from 'type-graphql';
import { Payload } from '../schema/payload.type.ts';
import type { UserError } from '../schema/user-error.ts';
import { Message } from './message.type.ts';

@ObjectType({ simpleResolvers: true })
abstract class MessagePayload extends Payload {
  @Field(() => Message, {
    nullable: true,
    description: 'The message as it is after the mutation. Null if there are user errors.',
  })
  readonly message: Message | null;

  constructor(message: Message | null, userErrors: readonly UserError[] = []) {
    super(userErrors);
    this.message = message;
  }
}

@ObjectType({ simpleResolvers: true, description: 'The result of a create.' })
export class CreateMessagePayload extends MessagePayload {}

@ObjectType({ simpleResolvers: true, description: 'The result of an update.' })
export class UpdateMessagePayload extends MessagePayload {}

@ObjectType({ simpleResolvers: true, description: 'The result of a delete.' })
export class DeleteMessagePayload extends Payload {
  @Field(() => ID, { nullable: true, description: 'The id of the deleted message. Null if there are user errors.' })
  readonly deletedMessageId: string | null;

  constructor(deletedMessageId: string | null, userErrors: readonly UserError[] = []) {
    super(userErrors);
    this.deletedMessageId = deletedMessageId;
  }
}
