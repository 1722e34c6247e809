/** The object type of a run, and its connection. */
import { Field, Float, ID, Int } from 'type-graphql';
import {
  hasEnded,
  type WireError,
  type WireRun,
  type WireRunStatus,
  type WireToolChoice,
  type WireTruncation,
  type WireUsage,
} from '../../aiml/resources/run.ts';
import type { WireMetadata } from '../../aiml/wire.ts';
import { AssistantTool, ResponseFormat, toTool } from '../assistant/assistant-tool.type.ts';
import { createConnectionType } from '../schema/connection.type.ts';
import { FunctionToolCall } from '../run-step/tool-call.type.ts';
import { DateTime, Metadata } from '../schema/scalars.ts';
import { createEnum, NullableField, SimpleObjectType } from '../schema/decorators.ts';

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
export class TokenUsage {
  @Field(() => Int, { description: 'Tokens that the model read.' })
  readonly promptTokens: number;

  @Field(() => Int, { description: 'Tokens that the model wrote.' })
  readonly completionTokens: number;

  @Field(() => Int, { description: 'The sum of both.' })
  readonly totalTokens: number;

  constructor(wire: WireUsage) {
    this.promptTokens = wire.prompt_tokens;
    this.completionTokens = wire.completion_tokens;
    this.totalTokens = wire.total_tokens;
  }
}

@SimpleObjectType('How the model chooses tools.')
class ToolChoice {
  @Field(() => ToolChoiceMode, { description: 'The mode.' })
  readonly mode: WireToolChoice['mode'];

  @NullableField(() => String, "Upstream's kind of tool if mode is TOOL, null otherwise.")
  readonly tool: string | null;

  @NullableField(() => String, 'The name of the function if the tool is one, null otherwise.')
  readonly functionName: string | null;

  constructor(wire: WireToolChoice) {
    this.mode = wire.mode;
    this.tool = wire.mode === 'tool' ? wire.tool : null;
    this.functionName = wire.mode === 'tool' ? wire.function_name : null;
  }
}

@SimpleObjectType('Which messages of a long thread the model reads.')
class Truncation {
  @Field(() => TruncationStrategy, { description: 'The strategy.' })
  readonly strategy: WireTruncation['strategy'];

  @NullableField(() => Int, 'The number of messages if the strategy is LAST_MESSAGES, null otherwise.')
  readonly lastMessages: number | null;

  constructor(wire: WireTruncation) {
    this.strategy = wire.strategy;
    this.lastMessages = wire.last_messages;
  }
}

@SimpleObjectType(
  'One turn of an assistant on a thread. Upstream finds it only with the id of the thread, so it is not a Node.',
)
export class Run {
  @Field(() => ID, { description: "Upstream's own id, unchanged; opaque to clients." })
  readonly id: string;

  @Field(() => ID, { description: 'The thread.' })
  readonly threadId: string;

  /** All times are Unix times in seconds. */
  @Field(() => DateTime, { description: 'When the run was created, to the second.' })
  readonly createdAt: number;

  @NullableField(() => DateTime, 'When the model began to work on it. Null if it has not.')
  readonly startedAt: number | null;

  @NullableField(() => DateTime, 'When it times out. Null if upstream does not report it.')
  readonly expiresAt: number | null;

  @NullableField(() => DateTime, 'When it was completed. Null if it was not.')
  readonly completedAt: number | null;

  @NullableField(() => DateTime, 'When it was cancelled. Null if it was not.')
  readonly cancelledAt: number | null;

  @NullableField(() => DateTime, 'When it failed. Null if it did not.')
  readonly failedAt: number | null;

  @Field(() => RunStatus, { description: 'Its state.' })
  readonly status: WireRunStatus;

  @Field(() => Boolean, {
    description: 'Whether the run is over: COMPLETED, INCOMPLETE, FAILED, CANCELLED or EXPIRED.',
  })
  readonly hasEnded: boolean;

  @Field(() => [FunctionToolCall], {
    description: 'The calls that need outputs from submitToolOutputs; empty unless REQUIRES_ACTION.',
  })
  readonly requiredToolCalls: readonly FunctionToolCall[];

  @NullableField(() => RunError, 'Why it failed. Null if it did not.')
  readonly lastError: WireError | null;

  @NullableField(() => String, "Why it is INCOMPLETE, in upstream's words.")
  readonly incompleteReason: string | null;

  @Field(() => ID, { description: 'The assistant.' })
  readonly assistantId: string;

  @Field(() => String, { description: 'The id of the model.' })
  readonly model: string;

  @NullableField(() => String, 'The instructions of this run. Null if there are none.')
  readonly instructions: string | null;

  @Field(() => [AssistantTool], { description: 'The tools of this run.' })
  readonly tools: readonly AssistantTool[];

  @Field(() => Metadata, { description: "The client's own pairs; an empty object if there are none." })
  readonly metadata: WireMetadata;

  @NullableField(() => TokenUsage, 'The tokens that were used. Null until it has ended.')
  readonly usage: TokenUsage | null;

  @NullableField(() => Float, 'What the run cost in US dollars. Null if upstream does not report it.')
  readonly costUsd: number | null;

  @NullableField(() => Float, 'Sampling temperature. Null if upstream chooses.')
  readonly temperature: number | null;

  @NullableField(() => Float, 'Nucleus sampling. Null if upstream chooses.')
  readonly topP: number | null;

  @NullableField(() => Int, 'The maximum of tokens that the model reads. Null for no limit.')
  readonly maxPromptTokens: number | null;

  @NullableField(() => Int, 'The maximum of tokens that the model writes. Null for no limit.')
  readonly maxCompletionTokens: number | null;

  @NullableField(
    () => Boolean,
    'Whether the model may call several tools at once. Null if upstream does not report it.',
  )
  readonly parallelToolCalls: boolean | null;

  @NullableField(() => ToolChoice, 'How the model chooses tools. Null if upstream chooses.')
  readonly toolChoice: ToolChoice | null;

  @NullableField(() => Truncation, 'Which messages of a long thread the model reads. Null if upstream chooses.')
  readonly truncation: Truncation | null;

  @NullableField(() => String, 'How much a reasoning model reasons, for example `low`. Null if upstream chooses.')
  readonly reasoningEffort: string | null;

  @NullableField(() => ResponseFormat, "The format of the model's output. Null if upstream chooses.")
  readonly responseFormat: ResponseFormat | null;

  constructor(wire: WireRun) {
    this.id = wire.id;
    this.threadId = wire.thread_id;
    this.createdAt = wire.created_at;
    this.startedAt = wire.started_at;
    this.expiresAt = wire.expires_at;
    this.completedAt = wire.completed_at;
    this.cancelledAt = wire.cancelled_at;
    this.failedAt = wire.failed_at;
    this.status = wire.status;
    this.hasEnded = hasEnded(wire.status);
    this.requiredToolCalls = wire.required_tool_calls.map((call) => new FunctionToolCall({ ...call, output: null }));
    this.lastError = wire.last_error;
    this.incompleteReason = wire.incomplete_reason;
    this.assistantId = wire.assistant_id;
    this.model = wire.model;
    this.instructions = wire.instructions;
    this.tools = wire.tools.map(toTool);
    this.metadata = wire.metadata;
    this.usage = wire.usage && new TokenUsage(wire.usage);
    this.costUsd = wire.cost_usd;
    this.temperature = wire.temperature;
    this.topP = wire.top_p;
    this.maxPromptTokens = wire.max_prompt_tokens;
    this.maxCompletionTokens = wire.max_completion_tokens;
    this.parallelToolCalls = wire.parallel_tool_calls;
    this.toolChoice = wire.tool_choice && new ToolChoice(wire.tool_choice);
    this.truncation = wire.truncation && new Truncation(wire.truncation);
    this.reasoningEffort = wire.reasoning_effort;
    this.responseFormat = wire.response_format && new ResponseFormat(wire.response_format);
  }
}

@SimpleObjectType('A page of runs.')
export class RunConnection extends createConnectionType('Run', () => Run, 'A run') {}
