/** Validates the inputs of the mutations of threads before a request is sent. */
import { checkToolResources, rejectVectorStores } from '../assistant/tool.validation.ts';
import { createValidation, limits, type InputValidator } from '../schema/input-validator.ts';
import { checkMessages } from '../message/message.validation.ts';
import type { CreateThreadInput, DeleteThreadInput, ThreadInput, UpdateThreadInput } from './thread.input.ts';

export const validateCreateThread = createValidation<CreateThreadInput>((input) => {
  checkThread(input);
  input.identifier('idempotencyKey');
});

export const validateUpdateThread = createValidation<UpdateThreadInput>((input) => {
  input.requireId('id');
  const resources = input.object('toolResources');
  checkToolResources(resources);
  rejectVectorStores(resources);
  input.metadata('metadata');
});

export const validateDeleteThread = createValidation<DeleteThreadInput>((input) => input.requireId('id'));

/** A new thread, on its own or together with a run. */
export function checkThread(thread: InputValidator<ThreadInput>): void {
  checkMessages(thread.entries('messages', limits.messages));
  checkToolResources(thread.object('toolResources'));
  thread.metadata('metadata');
}
