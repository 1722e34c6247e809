/**
 * Validates the inputs of the mutations of assistants before a request is sent, and returns all errors at once.
 *
 * Models, files and vector stores are not looked up: upstream rejects those that do not exist.
 */
import { inputLimits as limits } from '../schema/input-limits.ts';
import { createValidation, type InputValidator } from '../schema/input-validator.ts';
import type {
  AssistantSettings,
  CreateAssistantInput,
  DeleteAssistantInput,
  UpdateAssistantInput,
} from './assistant.input.ts';
import { checkResponseFormat, checkToolResources, checkTools } from './tool.validation.ts';

export const validateCreate = createValidation((validator, input: CreateAssistantInput) => {
  validator.notBlank(['input', 'model'], input.model);
  checkSettings(validator, input);
  validator.idempotencyKey(['input', 'idempotencyKey'], input.idempotencyKey);
});

export const validateUpdate = createValidation((validator, input: UpdateAssistantInput) => {
  validator.requireId(['input', 'id'], input.id);
  validator.notBlank(['input', 'model'], input.model);
  checkSettings(validator, input);
  if (input.toolResources?.fileSearch?.vectorStores)
    validator.add(
      'INVALID',
      ['input', 'toolResources', 'fileSearch', 'vectorStores'],
      '"vectorStores" is for createAssistant only; an update takes "vectorStoreIds".',
    );
});

export const validateDelete = createValidation((validator, input: DeleteAssistantInput) => {
  validator.requireId(['input', 'id'], input.id);
});

function checkSettings(validator: InputValidator, input: AssistantSettings): void {
  validator.length(['input', 'name'], input.name, limits.nameLength);
  validator.length(['input', 'description'], input.description, limits.descriptionLength);
  validator.length(['input', 'instructions'], input.instructions, limits.instructionsLength);
  checkTools(validator, ['input', 'tools'], input.tools, limits.assistantTools);
  if (input.toolResources) checkToolResources(validator, ['input', 'toolResources'], input.toolResources);
  validator.metadata(['input', 'metadata'], input.metadata);
  validator.range(['input', 'temperature'], input.temperature, limits.temperature);
  validator.range(['input', 'topP'], input.topP, limits.topP);
  checkResponseFormat(validator, ['input', 'responseFormat'], input.responseFormat);
}
