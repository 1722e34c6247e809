/** The payloads of the mutations of threads. */
import { ID } from 'type-graphql';
import { Payload } from '../schema/payload.type.ts';
import type { UserError } from '../schema/user-error.ts';
import { Thread } from './thread.type.ts';
import { NullableField, SimpleObjectType } from '../schema/decorators.ts';

@SimpleObjectType()
abstract class ThreadPayload extends Payload {
  @NullableField(() => Thread, 'The thread as it is after the mutation. Null if there are user errors.')
  readonly thread: Thread | null;

  constructor(thread: Thread | null, userErrors: readonly UserError[] = []) {
    super(userErrors);
    this.thread = thread;
  }
}

@SimpleObjectType('The result of a create.')
export class CreateThreadPayload extends ThreadPayload {}

@SimpleObjectType('The result of an update.')
export class UpdateThreadPayload extends ThreadPayload {}

@SimpleObjectType('The result of a delete.')
export class DeleteThreadPayload extends Payload {
  @NullableField(() => ID, 'The id of the deleted thread. Null if there are user errors.')
  readonly deletedThreadId: string | null;

  constructor(deletedThreadId: string | null, userErrors: readonly UserError[] = []) {
    super(userErrors);
    this.deletedThreadId = deletedThreadId;
  }
}
