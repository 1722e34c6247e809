/** The object types of a step of a run, and its connection. */
import { Field, ID, InterfaceType } from 'type-graphql';
import type { WireRunStep, WireRunStepStatus, WireStepDetails } from '../../aiml/resources/run-step.ts';
import type { JsonObject } from '../../aiml/wire.ts';
import { createConnectionType } from '../schema/connection.type.ts';
import { RunError, TokenUsage } from '../run/run.type.ts';
import { DateTime, JSONObject, Metadata } from '../schema/scalars.ts';
import { ToolCall, toToolCall } from './tool-call.type.ts';
import { createEnum, NullableField, SimpleObjectType } from '../schema/decorators.ts';
import { FromWire } from '../schema/from-wire.ts';

const RunStepStatus = createEnum('RunStepStatus', 'The state of a step. A state that upstream adds later is UNKNOWN.', {
  in_progress: 'It is in progress, or waits for tool outputs.',
  cancelled: 'Its run was cancelled.',
  failed: 'It failed: see `lastError`.',
  completed: 'It is done.',
  expired: 'Its run timed out.',
  unknown: 'A state that this schema does not have.',
} satisfies Record<WireRunStepStatus, string>);

@InterfaceType({
  description: 'What a run did: it wrote a message, or called tools. A kind that upstream may add is an `UnknownStep`.',
})
export abstract class RunStep extends FromWire<WireRunStep> {
  @Field(() => ID, { description: "Upstream's own id, unchanged; opaque to clients." })
  readonly id = this.wire.id;

  @Field(() => ID, { description: 'The thread.' })
  readonly threadId = this.wire.thread_id;

  @Field(() => ID, { description: 'The run.' })
  readonly runId = this.wire.run_id;

  @NullableField(() => ID, 'The assistant. Null if upstream does not name it.')
  readonly assistantId = this.wire.assistant_id;

  /** All times are Unix times in seconds. */
  @Field(() => DateTime, { description: 'When the step began, to the second.' })
  readonly createdAt = this.wire.created_at;

  @NullableField(() => DateTime, 'When it was completed. Null if it was not.')
  readonly completedAt = this.wire.completed_at;

  @NullableField(() => DateTime, 'When it was cancelled. Null if it was not.')
  readonly cancelledAt = this.wire.cancelled_at;

  @NullableField(() => DateTime, 'When it failed. Null if it did not.')
  readonly failedAt = this.wire.failed_at;

  @NullableField(() => DateTime, 'When it expired. Null if it did not.')
  readonly expiredAt = this.wire.expired_at;

  @Field(() => RunStepStatus, { description: 'Its state.' })
  readonly status = this.wire.status;

  @NullableField(() => RunError, 'Why it failed. Null if it did not.')
  readonly lastError = this.wire.last_error;

  @NullableField(() => TokenUsage, 'The tokens that were used. Null while it is in progress.')
  readonly usage = this.wire.usage && new TokenUsage(this.wire.usage);

  @Field(() => Metadata, { description: "The client's own pairs; an empty object if there are none." })
  readonly metadata = this.wire.metadata;
}

type Details<Type extends WireStepDetails['type']> = Extract<WireStepDetails, { readonly type: Type }>;

@SimpleObjectType('The run wrote a message.', RunStep)
export class MessageCreationStep extends RunStep {
  @Field(() => ID, { description: 'The message.' })
  readonly messageId: string;

  constructor(wire: WireRunStep, details: Details<'message_creation'>) {
    super(wire);
    this.messageId = details.message_id;
  }
}

@SimpleObjectType('The run called tools.', RunStep)
class ToolCallsStep extends RunStep {
  @Field(() => [ToolCall], { description: 'The calls, in order. Parallel calls are one step.' })
  readonly toolCalls: readonly ToolCall[];

  constructor(wire: WireRunStep, details: Details<'tool_calls'>) {
    super(wire);
    this.toolCalls = details.tool_calls.map(toToolCall);
  }
}

@SimpleObjectType('A step of a kind that this schema does not have.', RunStep)
class UnknownStep extends RunStep {
  @Field(() => JSONObject, { description: 'The step as upstream sent it.' })
  readonly raw: JsonObject;

  constructor(wire: WireRunStep, details: Details<'unknown'>) {
    super(wire);
    this.raw = details.raw;
  }
}

export function toRunStep(wire: WireRunStep): RunStep {
  switch (wire.details.type) {
    case 'message_creation':
      return new MessageCreationStep(wire, wire.details);
    case 'tool_calls':
      return new ToolCallsStep(wire, wire.details);
    case 'unknown':
      return new UnknownStep(wire, wire.details);
  }
}

@SimpleObjectType('A page of steps.')
export class RunStepConnection extends createConnectionType('RunStep', () => RunStep, 'A step') {}
