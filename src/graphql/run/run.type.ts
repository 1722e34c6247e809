/** The object type of a run, and its connection. */
import { Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
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
import { toResponseFormat, toTool } from '../assistant/assistant-tool.mapper.ts';
import { AssistantTool } from '../assistant/assistant-tool.type.ts';
import { ResponseFormat } from '../assistant/response-format.type.ts';
import { createConnectionType, createEdgeType } from '../schema/connection.type.ts';
import { FunctionToolCall } from '../run-step/tool-call.type.ts';
import { DateTime, Metadata } from '../schema/scalars.ts';

const RunStatus = {
  QUEUED: 'queued',
  IN_PROGRESS: 'in_progress',
  REQUIRES_ACTION: 'requires_action',
  CANCELLING: 'cancelling',
  CANCELLED: 'cancelled',
  FAILED: 'failed',
  COMPLETED: 'completed',
  INCOMPLETE: 'incomplete',
  EXPIRED: 'expired',
  UNKNOWN: 'unknown',
} as const satisfies Record<string, WireRunStatus>;
type RunStatus = WireRunStatus;
registerEnumType(RunStatus, {
  name: 'RunStatus',
  description: 'The state of a run. A state that upstream adds later is UNKNOWN.',
  valuesConfig: {
    QUEUED: { description: 'It has not started.' },
    IN_PROGRESS: { description: 'The model works on it.' },
    REQUIRES_ACTION: { description: 'It waits for the outputs of `requiredToolCalls`.' },
    CANCELLING: { description: 'It was cancelled and is being stopped.' },
    CANCELLED: { description: 'It was cancelled.' },
    FAILED: { description: 'It failed: see `lastError`.' },
    COMPLETED: { description: 'It is done.' },
    INCOMPLETE: { description: 'It ended before its messages were complete: see `incompleteReason`.' },
    EXPIRED: { description: 'It timed out.' },
    UNKNOWN: { description: 'A state that this schema does not have.' },
  },
});

const ToolChoiceMode = {
  NONE: 'none',
  AUTO: 'auto',
  REQUIRED: 'required',
  TOOL: 'tool',
  UNKNOWN: 'unknown',
} as const satisfies Record<string, WireToolChoice['mode']>;
type ToolChoiceMode = WireToolChoice['mode'];
registerEnumType(ToolChoiceMode, {
  name: 'ToolChoiceMode',
  description: 'How the model chooses tools.',
  valuesConfig: {
    NONE: { description: 'The model calls no tool.' },
    AUTO: { description: 'The model chooses.' },
    REQUIRED: { description: 'The model must call a tool.' },
    TOOL: { description: 'The model must call one specific tool.' },
    UNKNOWN: { description: 'A mode that this schema does not have.' },
  },
});

const TruncationStrategy = {
  AUTO: 'auto',
  LAST_MESSAGES: 'last_messages',
  UNKNOWN: 'unknown',
} as const satisfies Record<string, WireTruncation['strategy']>;
type TruncationStrategy = WireTruncation['strategy'];
registerEnumType(TruncationStrategy, {
  name: 'TruncationStrategy',
  description: 'Which messages of a long thread the model reads.',
  valuesConfig: {
    AUTO: { description: "Messages in the middle are left out until the rest fits the model's context." },
    LAST_MESSAGES: { description: 'Only the newest messages.' },
    UNKNOWN: { description: 'A strategy that this schema does not have.' },
  },
});

@ObjectType({ simpleResolvers: true, description: 'Why a run or a step failed.' })
export class RunError {
  @Field(() => String, { description: 'server_error, rate_limit_exceeded, invalid_prompt, …' })
  readonly code: string;

  @Field(() => String, { description: "Upstream's message for humans." })
  readonly message: string;

  constructor({ code, message }: WireError) {
    this.code = code;
    this.message = message;
  }
}

@ObjectType({ simpleResolvers: true, description: 'The tokens that were used.' })
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

@ObjectType({ simpleResolvers: true, description: 'How the model chooses tools.' })
class ToolChoice {
  @Field(() => ToolChoiceMode, { description: 'The mode.' })
  readonly mode: ToolChoiceMode;

  @Field(() => String, { nullable: true, description: "Upstream's kind of tool if mode is TOOL, null otherwise." })
  readonly tool: string | null;

  @Field(() => String, { nullable: true, description: 'The name of the function if the tool is one, null otherwise.' })
  readonly functionName: string | null;

  constructor(wire: WireToolChoice) {
    this.mode = wire.mode;
    this.tool = wire.mode === 'tool' ? wire.tool : null;
    this.functionName = wire.mode === 'tool' ? wire.function_name : null;
  }
}

@ObjectType({ simpleResolvers: true, description: 'Which messages of a long thread the model reads.' })
class Truncation {
  @Field(() => TruncationStrategy, { description: 'The strategy.' })
  readonly strategy: TruncationStrategy;

  @Field(() => Int, {
    nullable: true,
    description: 'The number of messages if the strategy is LAST_MESSAGES, null otherwise.',
  })
  readonly lastMessages: number | null;

  constructor(wire: WireTruncation) {
    this.strategy = wire.strategy;
    this.lastMessages = wire.last_messages;
  }
}

@ObjectType({
  simpleResolvers: true,
  description:
    'One turn of an assistant on a thread. Upstream finds it only with the id of the thread, so it is not a Node.',
})
export class Run {
  @Field(() => ID, { description: "Upstream's own id, unchanged; opaque to clients." })
  readonly id: string;

  @Field(() => ID, { description: 'The thread.' })
  readonly threadId: string;

  /** All times are Unix times in seconds. */
  @Field(() => DateTime, { description: 'When the run was created, to the second.' })
  readonly createdAt: number;

  @Field(() => DateTime, { nullable: true, description: 'When the model began to work on it. Null if it has not.' })
  readonly startedAt: number | null;

  @Field(() => DateTime, { nullable: true, description: 'When it times out. Null if upstream does not report it.' })
  readonly expiresAt: number | null;

  @Field(() => DateTime, { nullable: true, description: 'When it was completed. Null if it was not.' })
  readonly completedAt: number | null;

  @Field(() => DateTime, { nullable: true, description: 'When it was cancelled. Null if it was not.' })
  readonly cancelledAt: number | null;

  @Field(() => DateTime, { nullable: true, description: 'When it failed. Null if it did not.' })
  readonly failedAt: number | null;

  @Field(() => RunStatus, { description: 'Its state.' })
  readonly status: RunStatus;

  @Field(() => Boolean, {
    description: 'Whether the run is over: COMPLETED, INCOMPLETE, FAILED, CANCELLED or EXPIRED.',
  })
  readonly hasEnded: boolean;

  @Field(() => [FunctionToolCall], {
    description: 'The calls that need outputs from submitToolOutputs; empty unless REQUIRES_ACTION.',
  })
  readonly requiredToolCalls: readonly FunctionToolCall[];

  @Field(() => RunError, { nullable: true, description: 'Why it failed. Null if it did not.' })
  readonly lastError: RunError | null;

  @Field(() => String, { nullable: true, description: "Why it is INCOMPLETE, in upstream's words." })
  readonly incompleteReason: string | null;

  @Field(() => ID, { description: 'The assistant.' })
  readonly assistantId: string;

  @Field(() => String, { description: 'The id of the model.' })
  readonly model: string;

  @Field(() => String, { nullable: true, description: 'The instructions of this run. Null if there are none.' })
  readonly instructions: string | null;

  @Field(() => [AssistantTool], { description: 'The tools of this run.' })
  readonly tools: readonly AssistantTool[];

  @Field(() => Metadata, { description: "The client's own pairs; an empty object if there are none." })
  readonly metadata: WireMetadata;

  @Field(() => TokenUsage, { nullable: true, description: 'The tokens that were used. Null until it has ended.' })
  readonly usage: TokenUsage | null;

  @Field(() => Float, {
    nullable: true,
    description: 'What the run cost in US dollars. Null if upstream does not report it.',
  })
  readonly costUsd: number | null;

  @Field(() => Float, { nullable: true, description: 'Sampling temperature. Null if upstream chooses.' })
  readonly temperature: number | null;

  @Field(() => Float, { nullable: true, description: 'Nucleus sampling. Null if upstream chooses.' })
  readonly topP: number | null;

  @Field(() => Int, { nullable: true, description: 'The maximum of tokens that the model reads. Null for no limit.' })
  readonly maxPromptTokens: number | null;

  @Field(() => Int, { nullable: true, description: 'The maximum of tokens that the model writes. Null for no limit.' })
  readonly maxCompletionTokens: number | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether the model may call several tools at once. Null if upstream does not report it.',
  })
  readonly parallelToolCalls: boolean | null;

  @Field(() => ToolChoice, { nullable: true, description: 'How the model chooses tools. Null if upstream chooses.' })
  readonly toolChoice: ToolChoice | null;

  @Field(() => Truncation, {
    nullable: true,
    description: 'Which messages of a long thread the model reads. Null if upstream chooses.',
  })
  readonly truncation: Truncation | null;

  @Field(() => String, {
    nullable: true,
    description: 'How much a reasoning model reasons, for example `low`. Null if upstream chooses.',
  })
  readonly reasoningEffort: string | null;

  @Field(() => ResponseFormat, {
    nullable: true,
    description: "The format of the model's output. Null if upstream chooses.",
  })
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
    this.lastError = wire.last_error && new RunError(wire.last_error);
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
    this.responseFormat = wire.response_format && toResponseFormat(wire.response_format);
  }
}

@ObjectType({ simpleResolvers: true, description: 'A run and its cursor.' })
class RunEdge extends createEdgeType(() => Run, 'The run.') {}

@ObjectType({ simpleResolvers: true, description: 'A page of runs.' })
export class RunConnection extends createConnectionType(() => Run, RunEdge, 'runs') {}
