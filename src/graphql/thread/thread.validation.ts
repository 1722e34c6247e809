/** Validates the inputs of the mutations of threads before a request is sent. */
import { checkToolResources } from '../assistant/tool.validation.ts';
import { InputValidator, type FieldPath } from '../schema/input-validator.ts';
import { checkMessages } from '../message/message.validation.ts';
import type { UserError } from '../schema/user-error.ts';
import type { CreateThreadInput, DeleteThreadInput, ThreadInput, UpdateThreadInput } from './thread.input.ts';

/** Empty if the input can be sent. */
export function validateCreateThread(input: CreateThreadInput): readonly UserError[] {
  const validator = new InputValidator();
  checkThread(validator, ['input'], input);
  validator.idempotencyKey(['input', 'idempotencyKey'], input.idempotencyKey);
  return validator.errors;
}

/** Empty if the input can be sent. */
export function validateUpdateThread(input: UpdateThreadInput): readonly UserError[] {
  const validator = new InputValidator();
  validator.requireId(['input', 'id'], input.id);
  if (input.toolResources) checkToolResources(validator, ['input', 'toolResources'], input.toolResources);
  if (input.toolResources?.fileSearch?.vectorStores)
    validator.add(
      'INVALID',
      ['input', 'toolResources', 'fileSearch', 'vectorStores'],
      '"vectorStores" is for creates only; an update takes "vectorStoreIds".',
    );
  validator.metadata(['input', 'metadata'], input.metadata);
  return validator.errors;
}

/** Empty if the input can be sent. */
export function validateDeleteThread(input: DeleteThreadInput): readonly UserError[] {
  const validator = new InputValidator();
  validator.requireId(['input', 'id'], input.id);
  return validator.errors;
}

/** A new thread, on its own or together with a run. */
export function checkThread(validator: InputValidator, path: FieldPath, thread: ThreadInput): void {
  checkMessages(validator, [...path, 'messages'], thread.messages);
  if (thread.toolResources) checkToolResources(validator, [...path, 'toolResources'], thread.toolResources);
  validator.metadata([...path, 'metadata'], thread.metadata);
}
