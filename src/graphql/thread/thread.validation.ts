/** What is wrong with the input of a mutation of threads, found before anything is sent. */
import { checkToolResources } from '../assistant/tool.validation.ts';
import { conversationLimits } from '../schema/conversation-limits.ts';
import { InputCheck, type FieldPath } from '../schema/input-validator.ts';
import { checkMessages } from '../message/message.validation.ts';
import type { UserError } from '../schema/user-error.ts';
import type { CreateThreadInput, DeleteThreadInput, ThreadInput, UpdateThreadInput } from './thread.input.ts';

/** Empty where the input can be sent. */
export function validateCreateThread(input: CreateThreadInput): readonly UserError[] {
  const check = new InputCheck();
  checkThread(check, ['input'], input);
  check.idempotencyKey(['input', 'idempotencyKey'], input.idempotencyKey);
  return check.errors;
}

/** Empty where the input can be sent. */
export function validateUpdateThread(input: UpdateThreadInput): readonly UserError[] {
  const check = new InputCheck();
  check.id(['input', 'id'], input.id);
  if (input.toolResources) checkToolResources(check, ['input', 'toolResources'], input.toolResources);
  if (input.toolResources?.fileSearch?.vectorStores)
    check.add(
      'INVALID',
      ['input', 'toolResources', 'fileSearch', 'vectorStores'],
      '"vectorStores" is for creates only; an update takes "vectorStoreIds".',
    );
  check.metadata(['input', 'metadata'], input.metadata, conversationLimits);
  return check.errors;
}

/** Empty where the input can be sent. */
export function validateDeleteThread(input: DeleteThreadInput): readonly UserError[] {
  const check = new InputCheck();
  check.id(['input', 'id'], input.id);
  return check.errors;
}

/** A thread that is created, by itself or along with a run. */
export function checkThread(check: InputCheck, path: FieldPath, thread: ThreadInput): void {
  checkMessages(check, [...path, 'messages'], thread.messages);
  if (thread.toolResources) checkToolResources(check, [...path, 'toolResources'], thread.toolResources);
  check.metadata([...path, 'metadata'], thread.metadata, conversationLimits);
}
