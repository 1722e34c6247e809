/** Validates the inputs of the mutations of threads before a request is sent. */
import { checkToolResources } from '../assistant/tool.validation.ts';
import { createValidation, type FieldPath, type InputValidator } from '../schema/input-validator.ts';
import { checkMessages } from '../message/message.validation.ts';
import type { CreateThreadInput, DeleteThreadInput, ThreadInput, UpdateThreadInput } from './thread.input.ts';

export const validateCreateThread = createValidation((validator, input: CreateThreadInput) => {
  checkThread(validator, ['input'], input);
  validator.idempotencyKey(['input', 'idempotencyKey'], input.idempotencyKey);
});

export const validateUpdateThread = createValidation((validator, input: UpdateThreadInput) => {
  validator.requireId(['input', 'id'], input.id);
  if (input.toolResources) checkToolResources(validator, ['input', 'toolResources'], input.toolResources);
  if (input.toolResources?.fileSearch?.vectorStores)
    validator.add(
      'INVALID',
      ['input', 'toolResources', 'fileSearch', 'vectorStores'],
      '"vectorStores" is for creates only; an update takes "vectorStoreIds".',
    );
  validator.metadata(['input', 'metadata'], input.metadata);
});

export const validateDeleteThread = createValidation((validator, input: DeleteThreadInput) => {
  validator.requireId(['input', 'id'], input.id);
});

/** A new thread, on its own or together with a run. */
export function checkThread(validator: InputValidator, path: FieldPath, thread: ThreadInput): void {
  checkMessages(validator, [...path, 'messages'], thread.messages);
  if (thread.toolResources) checkToolResources(validator, [...path, 'toolResources'], thread.toolResources);
  validator.metadata([...path, 'metadata'], thread.metadata);
}
