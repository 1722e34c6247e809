/** The payloads of the mutations of threads. */
import { Field, ID, ObjectType } from 'type-graphql';
import { Payload } from '../schema/payload.type.ts';
import type { UserError } from '../schema/user-error.ts';
import { Thread } from './thread.type.ts';

@ObjectType({ simpleResolvers: true })
abstract class ThreadPayload extends Payload {
  @Field(() => Thread, {
    nullable: true,
    description: 'The thread as it is after the mutation. Null if there are user errors.',
  })
  readonly thread: Thread | null;

  constructor(thread: Thread | null, userErrors: readonly UserError[] = []) {
    super(userErrors);
    this.thread = thread;
  }
}

@ObjectType({ simpleResolvers: true, description: 'The result of a create.' })
export class CreateThreadPayload extends ThreadPayload {}

@ObjectType({ simpleResolvers: true, description: 'The result of an update.' })
export class UpdateThreadPayload extends ThreadPayload {}

@ObjectType({ simpleResolvers: true, description: 'The result of a delete.' })
export class DeleteThreadPayload extends Payload {
  @Field(() => ID, { nullable: true, description: 'The id of the deleted thread. Null if there are user errors.' })
  readonly deletedThreadId: string | null;

  constructor(deletedThreadId: string | null, userErrors: readonly UserError[] = []) {
    super(userErrors);
    this.deletedThreadId = deletedThreadId;
  }
}
