/** The object type of a run, and its connection. */
import { Field, Float, ID, Int } from 'type-graphql';
import {
  hasEnded,
  type WireRun,
  type WireRunStatus,
  type WireToolChoice,
  type WireTruncation,
  type WireUsage,
} from '../../aiml/resources/run.ts';
import { AssistantTool, ResponseFormat, toTool } from '../assistant/assistant-tool.type.ts';
import { createConnectionType } from '../schema/connection.type.ts';
import { FunctionToolCall } from '../run-step/tool-call.type.ts';
import { DateTime, Metadata } from '../schema/scalars.ts';
import { createEnum, NullableField, SimpleObjectType } from '../schema/decorators.ts';
import { FromWire } from '../schema/from-wire.ts';

const RunStatus = createEnum('RunStatus', 'The state of a run. A state that upstream adds later is UNKNOWN.', {
  queued: 'It has not started.',
  in_progress: 'The model works on it.',
  requires_action: 'It waits for the outputs of `requiredToolCalls`.',
  cancelling: 'It was cancelled and is being stopped.',
  cancelled: 'It was cancelled.',
  failed: 'It failed: see `lastError`.',
  completed: 'It is done.',
  incomplete: 'It ended before its messages were complete: see `incompleteReason`.',
  expired: 'It timed out.',
  unknown: 'A state that this schema does not have.',
} satisfies Record<WireRunStatus, string>);

const ToolChoiceMode = createEnum('ToolChoiceMode', 'How the model chooses tools.', {
  none: 'The model calls no tool.',
  auto: 'The model chooses.',
  required: 'The model must call a tool.',
  tool: 'The model must call one specific tool.',
  unknown: 'A mode that this schema does not have.',
} satisfies Record<WireToolChoice['mode'], string>);

const TruncationStrategy = createEnum('TruncationStrategy', 'Which messages of a long thread the model reads.', {
  auto: "Messages in the middle are left out until the rest fits the model's context.",
  last_messages: 'Only the newest messages.',
  unknown: 'A strategy that this schema does not have.',
} satisfies Record<WireTruncation['strategy'], string>);

@SimpleObjectType('Why a run or a step failed.')
export class RunError {
  @Field(() => String, { description: 'server_error, rate_limit_exceeded, invalid_prompt, …' })
  declare readonly code: string;

  @Field(() => String, { description: "Upstream's message for humans." })
  declare readonly message: string;
}

@SimpleObjectType('The tokens that were used.')
export class TokenUsage extends FromWire<WireUsage> {
  @Field(() => Int, { description: 'Tokens that the model read.' })
  readonly promptTokens = this.wire.prompt_tokens;

  @Field(() => Int, { description: 'Tokens that the model wrote.' })
  readonly completionTokens = this.wire.completion_tokens;

  @Field(() => Int, { description: 'The sum of both.' })
  readonly totalTokens = this.wire.total_tokens;
}

@SimpleObjectType('How the model chooses tools.')
class ToolChoice extends FromWire<WireToolChoice> {
  @Field(() => ToolChoiceMode, { description: 'The mode.' })
  readonly mode = this.wire.mode;

  @NullableField(() => String, "Upstream's kind of tool if mode is TOOL, null otherwise.")
  readonly tool = this.wire.mode === 'tool' ? this.wire.tool : null;

  @NullableField(() => String, 'The name of the function if the tool is one, null otherwise.')
  readonly functionName = this.wire.mode === 'tool' ? this.wire.function_name : null;
}

@SimpleObjectType('Which messages of a long thread the model reads.')
class Truncation extends FromWire<WireTruncation> {
  @Field(() => TruncationStrategy, { description: 'The strategy.' })
  readonly strategy = this.wire.strategy;

  @NullableField(() => Int, 'The number of messages if the strategy is LAST_MESSAGES, null otherwise.')
  readonly lastMessages = this.wire.last_messages;
}

@SimpleObjectType(
  'One turn of an assistant on a thread. Upstream finds it only with the id of the thread, so it is not a Node.',
)
export class Run extends FromWire<WireRun> {
  @Field(() => ID, { description: "Upstream's own id, unchanged; opaque to clients." })
  readonly id = this.wire.id;

  @Field(() => ID, { description: 'The thread.' })
  readonly threadId = this.wire.thread_id;

  /** All times are Unix times in seconds. */
  @Field(() => DateTime, { description: 'When the run was created, to the second.' })
  readonly createdAt = this.wire.created_at;

  @NullableField(() => DateTime, 'When the model began to work on it. Null if it has not.')
  readonly startedAt = this.wire.started_at;

  @NullableField(() => DateTime, 'When it times out. Null if upstream does not report it.')
  readonly expiresAt = this.wire.expires_at;

  @NullableField(() => DateTime, 'When it was completed. Null if it was not.')
  readonly completedAt = this.wire.completed_at;

  @NullableField(() => DateTime, 'When it was cancelled. Null if it was not.')
  readonly cancelledAt = this.wire.cancelled_at;

  @NullableField(() => DateTime, 'When it failed. Null if it did not.')
  readonly failedAt = this.wire.failed_at;

  @Field(() => RunStatus, { description: 'Its state.' })
  readonly status = this.wire.status;

  @Field(() => Boolean, {
    description: 'Whether the run is over: COMPLETED, INCOMPLETE, FAILED, CANCELLED or EXPIRED.',
  })
  readonly hasEnded = hasEnded(this.wire.status);

  @Field(() => [FunctionToolCall], {
    description: 'The calls that need outputs from submitToolOutputs; empty unless REQUIRES_ACTION.',
  })
  readonly requiredToolCalls = this.wire.required_tool_calls.map(
    (call) => new FunctionToolCall({ type: 'function', ...call, output: null }),
  );

  @NullableField(() => RunError, 'Why it failed. Null if it did not.')
  readonly lastError = this.wire.last_error;

  @NullableField(() => String, "Why it is INCOMPLETE, in upstream's words.")
  readonly incompleteReason = this.wire.incomplete_reason;

  @Field(() => ID, { description: 'The assistant.' })
  readonly assistantId = this.wire.assistant_id;

  @Field(() => String, { description: 'The id of the model.' })
  readonly model = this.wire.model;

  @NullableField(() => String, 'The instructions of this run. Null if there are none.')
  readonly instructions = this.wire.instructions;

  @Field(() => [AssistantTool], { description: 'The tools of this run.' })
  readonly tools = this.wire.tools.map(toTool);

  @Field(() => Metadata, { description: "The client's own pairs; an empty object if there are none." })
  readonly metadata = this.wire.metadata;

  @NullableField(() => TokenUsage, 'The tokens that were used. Null until it has ended.')
  readonly usage = this.wire.usage && new TokenUsage(this.wire.usage);

  @NullableField(() => Float, 'What the run cost in US dollars. Null if upstream does not report it.')
  readonly costUsd = this.wire.cost_usd;

  @NullableField(() => Float, 'Sampling temperature. Null if upstream chooses.')
  readonly temperature = this.wire.temperature;

  @NullableField(() => Float, 'Nucleus sampling. Null if upstream chooses.')
  readonly topP = this.wire.top_p;

  @NullableField(() => Int, 'The maximum of tokens that the model reads. Null for no limit.')
  readonly maxPromptTokens = this.wire.max_prompt_tokens;

  @NullableField(() => Int, 'The maximum of tokens that the model writes. Null for no limit.')
  readonly maxCompletionTokens = this.wire.max_completion_tokens;

  @NullableField(
    () => Boolean,
    'Whether the model may call several tools at once. Null if upstream does not report it.',
  )
  readonly parallelToolCalls = this.wire.parallel_tool_calls;

  @NullableField(() => ToolChoice, 'How the model chooses tools. Null if upstream chooses.')
  readonly toolChoice = this.wire.tool_choice && new ToolChoice(this.wire.tool_choice);

  @NullableField(() => Truncation, 'Which messages of a long thread the model reads. Null if upstream chooses.')
  readonly truncation = this.wire.truncation && new Truncation(this.wire.truncation);

  @NullableField(() => String, 'How much a reasoning model reasons, for example `low`. Null if upstream chooses.')
  readonly reasoningEffort = this.wire.reasoning_effort;

  @NullableField(() => ResponseFormat, "The format of the model's output. Null if upstream chooses.")
  readonly responseFormat = this.wire.response_format && new ResponseFormat(this.wire.response_format);
}

@SimpleObjectType('A page of runs.')
export class RunConnection extends createConnectionType('Run', () => Run, 'A run') {}
