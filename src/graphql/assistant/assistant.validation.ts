/**
 * Validates the inputs of the mutations of assistants before a request is sent, and returns all errors at once.
 *
 * Models, files and vector stores are not looked up: upstream rejects those that do not exist.
 */
import { createValidation, limits, type InputValidator } from '../schema/input-validator.ts';
import type {
  AssistantSettings,
  CreateAssistantInput,
  DeleteAssistantInput,
  UpdateAssistantInput,
} from './assistant.input.ts';
import { checkToolResources, checkTools, rejectVectorStores } from './tool.validation.ts';

export const validateCreate = createValidation<CreateAssistantInput>((input) => {
  input.notBlank('model');
  checkSettings(input);
  input.identifier('idempotencyKey');
});

export const validateUpdate = createValidation<UpdateAssistantInput>((input) => {
  input.requireId('id');
  input.notBlank('model');
  checkSettings(input);
  rejectVectorStores(input.object('toolResources'));
});

export const validateDelete = createValidation<DeleteAssistantInput>((input) => input.requireId('id'));

function checkSettings(input: InputValidator<AssistantSettings>): void {
  input.length('name', limits.nameLength);
  input.length('description', limits.descriptionLength);
  input.length('instructions', limits.instructionsLength);
  checkTools(input.entries('tools', limits.assistantTools));
  checkToolResources(input.object('toolResources'));
  input.metadata('metadata');
  input.range('temperature', limits.temperature);
  input.range('topP', limits.topP);
  input.object('responseFormat')?.object('jsonSchema')?.identifier('name');
}
