/** Validates the inputs of the mutations of runs before a request is sent. */
import { checkResponseFormat, checkToolResources, checkTools } from '../assistant/tool.validation.ts';
import type { WireRun } from '../../aiml/resources/run.ts';
import { inputLimits as limits } from '../schema/input-limits.ts';
import { createValidation, type FieldPath, type InputValidator } from '../schema/input-validator.ts';
import { checkMessages } from '../message/message.validation.ts';
import { checkThread } from '../thread/thread.validation.ts';
import type {
  CancelRunInput,
  CreateRunInput,
  CreateThreadAndRunInput,
  RunSettings,
  SubmitToolOutputsInput,
  ToolOutputInput,
  UpdateRunInput,
} from './run.input.ts';
import { UserError } from '../schema/user-error.ts';
import { wrongState } from './thread-state.ts';

export const validateCreateRun = createValidation((validator, input: CreateRunInput) => {
  validator.requireId(['input', 'threadId'], input.threadId);
  checkMessages(validator, ['input', 'additionalMessages'], input.additionalMessages);
  validator.length(['input', 'additionalInstructions'], input.additionalInstructions, limits.instructionsLength);
  checkSettings(validator, input);
});

export const validateCreateThreadAndRun = createValidation((validator, input: CreateThreadAndRunInput) => {
  if (input.thread) checkThread(validator, ['input', 'thread'], input.thread);
  if (input.toolResources) checkToolResources(validator, ['input', 'toolResources'], input.toolResources);
  checkSettings(validator, input);
});

export const validateUpdateRun = createValidation((validator, input: UpdateRunInput) => {
  validator.requireId(['input', 'threadId'], input.threadId);
  validator.requireId(['input', 'id'], input.id);
  validator.metadata(['input', 'metadata'], input.metadata);
});

export const validateCancelRun = createValidation((validator, input: CancelRunInput) => {
  validator.requireId(['input', 'threadId'], input.threadId);
  validator.requireId(['input', 'id'], input.id);
});

/** `checkToolOutputs` compares it with the run. */
export const validateSubmitToolOutputs = createValidation((validator, input: SubmitToolOutputsInput) => {
  validator.requireId(['input', 'threadId'], input.threadId);
  validator.requireId(['input', 'runId'], input.runId);
  checkWait(validator, input.waitSeconds);
  const path = ['input', 'toolOutputs'];
  if (input.toolOutputs.length === 0) validator.add('BLANK', path, '"toolOutputs" must not be empty.');
  if (!validator.count(path, input.toolOutputs, limits.toolOutputs)) return;
  const seen = new Set<string>();
  for (const [index, { toolCallId }] of input.toolOutputs.entries()) {
    const position = [...path, String(index), 'toolCallId'];
    validator.notBlank(position, toolCallId);
    if (seen.has(toolCallId)) validator.add('INVALID', position, 'A call takes one output.');
    seen.add(toolCallId);
  }
});

function checkSettings(validator: InputValidator, input: RunSettings): void {
  validator.requireId(['input', 'assistantId'], input.assistantId);
  if (input.model !== null) validator.notBlank(['input', 'model'], input.model);
  validator.length(['input', 'instructions'], input.instructions, limits.instructionsLength);
  checkTools(validator, ['input', 'tools'], input.tools, limits.runTools);
  validator.metadata(['input', 'metadata'], input.metadata);
  validator.range(['input', 'temperature'], input.temperature, limits.temperature);
  validator.range(['input', 'topP'], input.topP, limits.topP);
  validator.range(['input', 'maxPromptTokens'], input.maxPromptTokens, limits.tokens);
  validator.range(['input', 'maxCompletionTokens'], input.maxCompletionTokens, limits.tokens);
  if (input.truncation) {
    validator.requireTrue(['input', 'truncation', 'auto'], input.truncation.auto);
    validator.range(['input', 'truncation', 'lastMessages'], input.truncation.lastMessages, limits.lastMessages);
  }
  if (input.toolChoice) checkToolChoice(validator, ['input', 'toolChoice'], input.toolChoice);
  checkResponseFormat(validator, ['input', 'responseFormat'], input.responseFormat);
  checkWait(validator, input.waitSeconds);
  validator.idempotencyKey(['input', 'idempotencyKey'], input.idempotencyKey);
}

function checkToolChoice(
  validator: InputValidator,
  path: FieldPath,
  { function: name, ...modes }: NonNullable<RunSettings['toolChoice']>,
): void {
  for (const [mode, isSet] of Object.entries(modes)) validator.requireTrue([...path, mode], isSet);
  if (name !== undefined) validator.identifier([...path, 'function'], name);
}

const checkWait = (validator: InputValidator, seconds: number): void =>
  validator.range(['input', 'waitSeconds'], seconds, limits.waitSeconds);

/** Compares outputs with the calls that the run waits for: each needs exactly one. Empty if they match. */
export function checkToolOutputs(run: WireRun, outputs: readonly ToolOutputInput[]): readonly UserError[] {
  if (run.status !== 'requires_action') return [wrongState('runId', 'The run does not wait for tool outputs.')];
  const required = new Set(run.required_tool_calls.map(({ id }) => id));
  const given = new Set(outputs.map(({ toolCallId }) => toolCallId));
  const foreign = outputs.flatMap(({ toolCallId }, index) =>
    required.has(toolCallId)
      ? []
      : [
          new UserError(
            'INVALID',
            ['input', 'toolOutputs', String(index), 'toolCallId'],
            'The run does not wait for a call with this "toolCallId".',
          ),
        ],
  );
  const isComplete = run.required_tool_calls.every(({ id }) => given.has(id));
  return isComplete
    ? foreign
    : [
        ...foreign,
        new UserError('INVALID', ['input', 'toolOutputs'], 'Every call that the run waits for takes an output.'),
      ];
}

/** Whether the run still waits for the output of one of these calls. */
export const isWaitingFor = (run: WireRun, outputs: readonly ToolOutputInput[]): boolean =>
  run.status === 'requires_action' &&
  run.required_tool_calls.some(({ id }) => outputs.some(({ toolCallId }) => toolCallId === id));
