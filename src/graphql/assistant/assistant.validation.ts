/**
 * What is wrong with the input of a mutation, found before anything is sent: everything at once, as user errors.
 *
 * What upstream alone can know (which models and files there are) is not checked here, nor is what the schema's types
 * already hold.
 */
import { InputValidator } from '../schema/input-validator.ts';
import type { UserError } from '../schema/user-error.ts';
import type {
  AssistantSettings,
  CreateAssistantInput,
  DeleteAssistantInput,
  UpdateAssistantInput,
} from './assistant.input.ts';
import { checkResponseFormat, checkToolResources, checkTools } from './tool.validation.ts';

/**
 * The limits of assistants, as OpenAI's Assistants API v2 has them and the AIML API follows them. Lengths are in
 * Unicode code points.
 */
export const assistantLimits = {
  nameLength: 256,
  descriptionLength: 512,
  instructionsLength: 256_000,
  metadataPairs: 16,
  metadataKeyLength: 64,
  metadataValueLength: 512,
  tools: 128,
  codeInterpreterFiles: 20,
  vectorStores: 1,
  vectorStoreFiles: 10_000,
  temperature: { min: 0, max: 2 },
  topP: { min: 0, max: 1 },
  maxNumResults: { min: 1, max: 50 },
  scoreThreshold: { min: 0, max: 1 },
  maxChunkSizeTokens: { min: 100, max: 4096 },
} as const;

/** Empty where the input can be sent. */
export function validateCreate(input: CreateAssistantInput): readonly UserError[] {
  const validator = new InputValidator();
  validator.notBlank(['input', 'model'], input.model);
  checkSettings(validator, input);
  validator.idempotencyKey(['input', 'idempotencyKey'], input.idempotencyKey);
  return validator.errors;
}

/** Empty where the input can be sent. */
export function validateUpdate(input: UpdateAssistantInput): readonly UserError[] {
  const validator = new InputValidator();
  validator.requireId(['input', 'id'], input.id);
  validator.notBlank(['input', 'model'], input.model);
  checkSettings(validator, input);
  if (input.toolResources?.fileSearch?.vectorStores)
    validator.add(
      'INVALID',
      ['input', 'toolResources', 'fileSearch', 'vectorStores'],
      '"vectorStores" is for createAssistant only; an update takes "vectorStoreIds".',
    );
  return validator.errors;
}

/** Empty where the input can be sent. */
export function validateDelete(input: DeleteAssistantInput): readonly UserError[] {
  const validator = new InputValidator();
  validator.requireId(['input', 'id'], input.id);
  return validator.errors;
}

function checkSettings(validator: InputValidator, input: AssistantSettings): void {
  validator.length(['input', 'name'], input.name, assistantLimits.nameLength);
  validator.length(['input', 'description'], input.description, assistantLimits.descriptionLength);
  validator.length(['input', 'instructions'], input.instructions, assistantLimits.instructionsLength);
  checkTools(validator, ['input', 'tools'], input.tools, assistantLimits.tools);
  if (input.toolResources) checkToolResources(validator, ['input', 'toolResources'], input.toolResources);
  validator.metadata(['input', 'metadata'], input.metadata, assistantLimits);
  validator.range(['input', 'temperature'], input.temperature, assistantLimits.temperature);
  validator.range(['input', 'topP'], input.topP, assistantLimits.topP);
  checkResponseFormat(validator, ['input', 'responseFormat'], input.responseFormat);
}
