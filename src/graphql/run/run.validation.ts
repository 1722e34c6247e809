/** Validates the inputs of the mutations of runs before a request is sent. */
import type { WireRun } from '../../aiml/resources/run.ts';
import { checkToolResources, checkTools, rejectVectorStores } from '../assistant/tool.validation.ts';
import { checkMessages } from '../message/message.validation.ts';
import { createValidation, limits, type InputValidator } from '../schema/input-validator.ts';
import { UserError } from '../schema/payload.type.ts';
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
import { wrongState } from './thread-state.ts';

export const validateCreateRun = createValidation<CreateRunInput>((input) => {
  input.requireId('threadId');
  checkMessages(input.entries('additionalMessages', limits.messages));
  input.length('additionalInstructions', limits.instructionsLength);
  checkSettings(input);
});

export const validateCreateThreadAndRun = createValidation<CreateThreadAndRunInput>((input) => {
  const thread = input.object('thread');
  if (thread) checkThread(thread);
  const resources = input.object('toolResources');
  checkToolResources(resources);
  rejectVectorStores(resources);
  checkSettings(input);
});

export const validateUpdateRun = createValidation<UpdateRunInput>((input) => {
  input.requireId('threadId', 'id');
  input.metadata('metadata');
});

export const validateCancelRun = createValidation<CancelRunInput>((input) => input.requireId('threadId', 'id'));

/** `checkToolOutputs` compares it with the run. */
export const validateSubmitToolOutputs = createValidation<SubmitToolOutputsInput>((input) => {
  input.requireId('threadId', 'runId');
  input.range('waitSeconds', limits.waitSeconds);
  input.notEmpty('toolOutputs');
  const seen = new Set<string>();
  for (const output of input.entries('toolOutputs', limits.toolOutputs)) {
    const { toolCallId } = output.value;
    output.notBlank('toolCallId');
    if (seen.has(toolCallId)) output.add('INVALID', 'toolCallId', 'A call takes one output.');
    seen.add(toolCallId);
  }
});

function checkSettings(input: InputValidator<RunSettings>): void {
  input.requireId('assistantId');
  if (input.value.model !== null) input.notBlank('model');
  input.length('instructions', limits.instructionsLength);
  checkTools(input.entries('tools', limits.runTools));
  input.metadata('metadata');
  input.range('temperature', limits.temperature);
  input.range('topP', limits.topP);
  input.range('maxPromptTokens', limits.tokens);
  input.range('maxCompletionTokens', limits.tokens);
  const truncation = input.object('truncation');
  truncation?.requireTrue('auto');
  truncation?.range('lastMessages', limits.lastMessages);
  const choice = input.object('toolChoice');
  choice?.requireTrue('none', 'auto', 'required', 'codeInterpreter', 'fileSearch');
  choice?.identifier('function');
  input.object('responseFormat')?.object('jsonSchema')?.identifier('name');
  input.range('waitSeconds', limits.waitSeconds);
  input.identifier('idempotencyKey');
}

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
