/** What is wrong with the input of a mutation of runs, found before anything is sent. */
import { LIMITS } from '../assistant/assistant.validation.ts';
import { checkResponseFormat, checkToolResources, checkTools } from '../assistant/tool.validation.ts';
import { conversationLimits as limits } from '../schema/conversation-limits.ts';
import { InputCheck, type FieldPath } from '../schema/input-validator.ts';
import { checkMessages } from '../message/message.validation.ts';
import { checkThread } from '../thread/thread.validation.ts';
import type { UserError } from '../schema/user-error.ts';
import type {
  CancelRunInput,
  CreateRunInput,
  CreateThreadAndRunInput,
  RunSettings,
  SubmitToolOutputsInput,
  UpdateRunInput,
} from './run.input.ts';

/** Empty where the input can be sent. */
export function validateCreateRun(input: CreateRunInput): readonly UserError[] {
  const check = new InputCheck();
  check.id(['input', 'threadId'], input.threadId);
  checkMessages(check, ['input', 'additionalMessages'], input.additionalMessages);
  check.length(['input', 'additionalInstructions'], input.additionalInstructions, LIMITS.instructionsLength);
  checkSettings(check, input);
  return check.errors;
}

/** Empty where the input can be sent. */
export function validateCreateThreadAndRun(input: CreateThreadAndRunInput): readonly UserError[] {
  const check = new InputCheck();
  if (input.thread) checkThread(check, ['input', 'thread'], input.thread);
  if (input.toolResources) checkToolResources(check, ['input', 'toolResources'], input.toolResources);
  checkSettings(check, input);
  return check.errors;
}

/** Empty where the input can be sent. */
export function validateUpdateRun(input: UpdateRunInput): readonly UserError[] {
  const check = new InputCheck();
  check.id(['input', 'threadId'], input.threadId);
  check.id(['input', 'id'], input.id);
  check.metadata(['input', 'metadata'], input.metadata, limits);
  return check.errors;
}

/** Empty where the input can be sent. */
export function validateCancelRun(input: CancelRunInput): readonly UserError[] {
  const check = new InputCheck();
  check.id(['input', 'threadId'], input.threadId);
  check.id(['input', 'id'], input.id);
  return check.errors;
}

/** Empty where the input can be sent. Which calls wait for an output is checked against the run itself. */
export function validateSubmitToolOutputs(input: SubmitToolOutputsInput): readonly UserError[] {
  const check = new InputCheck();
  check.id(['input', 'threadId'], input.threadId);
  check.id(['input', 'runId'], input.runId);
  checkWait(check, input.waitSeconds);
  const path = ['input', 'toolOutputs'];
  if (input.toolOutputs.length === 0) check.add('BLANK', path, '"toolOutputs" must not be empty.');
  if (!check.count(path, input.toolOutputs, limits.toolOutputs)) return check.errors;
  const seen = new Set<string>();
  for (const [index, { toolCallId }] of input.toolOutputs.entries()) {
    const place = [...path, String(index), 'toolCallId'];
    check.notBlank(place, toolCallId);
    if (seen.has(toolCallId)) check.add('INVALID', place, 'A call takes one output.');
    seen.add(toolCallId);
  }
  return check.errors;
}

function checkSettings(check: InputCheck, input: RunSettings): void {
  check.id(['input', 'assistantId'], input.assistantId);
  if (input.model !== null) check.notBlank(['input', 'model'], input.model);
  check.length(['input', 'instructions'], input.instructions, LIMITS.instructionsLength);
  checkTools(check, ['input', 'tools'], input.tools, limits.runTools);
  check.metadata(['input', 'metadata'], input.metadata, limits);
  check.range(['input', 'temperature'], input.temperature, limits.temperature);
  check.range(['input', 'topP'], input.topP, limits.topP);
  check.range(['input', 'maxPromptTokens'], input.maxPromptTokens, limits.tokens);
  check.range(['input', 'maxCompletionTokens'], input.maxCompletionTokens, limits.tokens);
  if (input.truncation) {
    check.isTrue(['input', 'truncation', 'auto'], input.truncation.auto);
    check.range(['input', 'truncation', 'lastMessages'], input.truncation.lastMessages, limits.lastMessages);
  }
  if (input.toolChoice) checkToolChoice(check, ['input', 'toolChoice'], input.toolChoice);
  checkResponseFormat(check, ['input', 'responseFormat'], input.responseFormat);
  checkWait(check, input.waitSeconds);
  check.idempotencyKey(['input', 'idempotencyKey'], input.idempotencyKey);
}

function checkToolChoice(
  check: InputCheck,
  path: FieldPath,
  { function: name, ...modes }: NonNullable<RunSettings['toolChoice']>,
): void {
  for (const [mode, isSet] of Object.entries(modes)) check.isTrue([...path, mode], isSet);
  if (name !== undefined) check.identifier([...path, 'function'], name);
}

const checkWait = (check: InputCheck, seconds: number): void =>
  check.range(['input', 'waitSeconds'], seconds, limits.waitSeconds);
