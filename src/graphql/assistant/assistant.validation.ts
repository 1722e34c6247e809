/**
 * What is wrong with the input of a mutation, found before anything is sent: everything at once, as user errors.
 *
 * What upstream alone can know (which models and files there are) is not checked here, nor is what the schema's types
 * already hold.
 */
import { InputCheck } from '../schema/input-validator.ts';
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
export const LIMITS = {
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
  const check = new InputCheck();
  check.notBlank(['input', 'model'], input.model);
  checkSettings(check, input);
  check.idempotencyKey(['input', 'idempotencyKey'], input.idempotencyKey);
  return check.errors;
}

/** Empty where the input can be sent. */
export function validateUpdate(input: UpdateAssistantInput): readonly UserError[] {
  const check = new InputCheck();
  check.id(['input', 'id'], input.id);
  check.notBlank(['input', 'model'], input.model);
  checkSettings(check, input);
  if (input.toolResources?.fileSearch?.vectorStores)
    check.add(
      'INVALID',
      ['input', 'toolResources', 'fileSearch', 'vectorStores'],
      '"vectorStores" is for createAssistant only; an update takes "vectorStoreIds".',
    );
  return check.errors;
}

/** Empty where the input can be sent. */
export function validateDelete(input: DeleteAssistantInput): readonly UserError[] {
  const check = new InputCheck();
  check.id(['input', 'id'], input.id);
  return check.errors;
}

function checkSettings(check: InputCheck, input: AssistantSettings): void {
  check.length(['input', 'name'], input.name, LIMITS.nameLength);
  check.length(['input', 'description'], input.description, LIMITS.descriptionLength);
  check.length(['input', 'instructions'], input.instructions, LIMITS.instructionsLength);
  checkTools(check, ['input', 'tools'], input.tools, LIMITS.tools);
  if (input.toolResources) checkToolResources(check, ['input', 'toolResources'], input.toolResources);
  check.metadata(['input', 'metadata'], input.metadata, LIMITS);
  check.range(['input', 'temperature'], input.temperature, LIMITS.temperature);
  check.range(['input', 'topP'], input.topP, LIMITS.topP);
  checkResponseFormat(check, ['input', 'responseFormat'], input.responseFormat);
}
