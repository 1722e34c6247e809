/** The payloads of the mutations of runs. */
import { Payload } from '../schema/payload.type.ts';
import { Thread } from '../thread/thread.type.ts';
import type { UserError } from '../schema/user-error.ts';
import { Run } from './run.type.ts';
import { NullableField, SimpleObjectType } from '../schema/decorators.ts';

@SimpleObjectType()
abstract class RunPayload extends Payload {
  @NullableField(() => Run, 'The run as it is after the mutation. Null if there are user errors.')
  readonly run: Run | null;

  constructor(run: Run | null, userErrors: readonly UserError[] = []) {
    super(userErrors);
    this.run = run;
  }
}

@SimpleObjectType('The result of starting a run.')
export class CreateRunPayload extends RunPayload {}

@SimpleObjectType('The result of an update.')
export class UpdateRunPayload extends RunPayload {}

@SimpleObjectType('The result of cancelling a run. It may still be CANCELLING.')
export class CancelRunPayload extends RunPayload {}

@SimpleObjectType('The result of submitting tool outputs.')
export class SubmitToolOutputsPayload extends RunPayload {}

@SimpleObjectType('The result of creating a thread and starting a run on it.')
export class CreateThreadAndRunPayload extends RunPayload {
  @NullableField(() => Thread, 'The new thread. Null if there are user errors.')
  readonly thread: Thread | null;

  constructor(thread: Thread | null, run: Run | null, userErrors: readonly UserError[] = []) {
    super(run, userErrors);
    this.thread = thread;
  }
}
