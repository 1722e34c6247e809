/**
 * What is wrong with the input of a mutation, found before anything is sent: everything at once, as user errors.
 *
 * What upstream alone can know (which models and files there are) is not checked here, nor is what the schema's types
 * already hold.
 */
import { InputCheck, type FieldPath } from '../input-check.ts';
import type { UserError } from '../user-error.ts';
import type {
  AssistantToolInput,
  ChunkingStrategyInput,
  FileSearchResourcesInput,
  ToolResourcesInput,
  VectorStoreInput,
} from './assistant-tool.input.ts';
import type {
  AssistantSettings,
  CreateAssistantInput,
  DeleteAssistantInput,
  UpdateAssistantInput,
} from './assistant.input.ts';
import { LIMITS } from './assistant.limits.ts';

/** Empty where the input can be sent. */
export function validateCreate(input: CreateAssistantInput): readonly UserError[] {
  const check = new InputCheck();
  check.notBlank(['input', 'model'], input.model);
  checkSettings(check, input);
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
  const tools = ['input', 'tools'];
  if (check.count(tools, input.tools, LIMITS.tools))
    for (const [index, tool] of input.tools.entries()) checkTool(check, [...tools, String(index)], tool);
  if (input.toolResources) checkToolResources(check, ['input', 'toolResources'], input.toolResources);
  check.metadata(['input', 'metadata'], input.metadata, LIMITS);
  check.range(['input', 'temperature'], input.temperature, LIMITS.temperature);
  check.range(['input', 'topP'], input.topP, LIMITS.topP);
  const schema = input.responseFormat?.jsonSchema;
  if (schema) check.identifier(['input', 'responseFormat', 'jsonSchema', 'name'], schema.name);
}

function checkTool(check: InputCheck, path: FieldPath, tool: AssistantToolInput): void {
  check.isTrue([...path, 'codeInterpreter'], tool.codeInterpreter);
  if (tool.function) check.identifier([...path, 'function', 'name'], tool.function.name);
  if (!tool.fileSearch) return;
  const search = [...path, 'fileSearch'];
  check.range([...search, 'maxNumResults'], tool.fileSearch.maxNumResults, LIMITS.maxNumResults);
  const threshold = tool.fileSearch.rankingOptions?.scoreThreshold;
  check.range([...search, 'rankingOptions', 'scoreThreshold'], threshold, LIMITS.scoreThreshold);
}

function checkToolResources(
  check: InputCheck,
  path: FieldPath,
  { codeInterpreter, fileSearch }: ToolResourcesInput,
): void {
  check.foreignIds([...path, 'codeInterpreter', 'fileIds'], codeInterpreter?.fileIds, LIMITS.codeInterpreterFiles);
  if (fileSearch) checkFileSearch(check, [...path, 'fileSearch'], fileSearch);
}

function checkFileSearch(
  check: InputCheck,
  path: FieldPath,
  { vectorStoreIds, vectorStores }: FileSearchResourcesInput,
): void {
  check.foreignIds([...path, 'vectorStoreIds'], vectorStoreIds, LIMITS.vectorStores);
  const stores = [...path, 'vectorStores'];
  if (vectorStoreIds && vectorStores)
    check.add('INVALID', stores, '"vectorStores" and "vectorStoreIds" exclude each other.');
  if (check.count(stores, vectorStores, LIMITS.vectorStores))
    for (const [index, store] of vectorStores.entries()) checkVectorStore(check, [...stores, String(index)], store);
}

function checkVectorStore(check: InputCheck, path: FieldPath, store: VectorStoreInput): void {
  check.foreignIds([...path, 'fileIds'], store.fileIds, LIMITS.vectorStoreFiles);
  check.metadata([...path, 'metadata'], store.metadata, LIMITS);
  if (store.chunkingStrategy) checkChunking(check, [...path, 'chunkingStrategy'], store.chunkingStrategy);
}

function checkChunking(check: InputCheck, path: FieldPath, strategy: ChunkingStrategyInput): void {
  check.isTrue([...path, 'auto'], strategy.auto);
  if (!strategy.static) return;
  const { maxChunkSizeTokens, chunkOverlapTokens } = strategy.static;
  check.range([...path, 'static', 'maxChunkSizeTokens'], maxChunkSizeTokens, LIMITS.maxChunkSizeTokens);
  if (!(chunkOverlapTokens >= 0 && chunkOverlapTokens <= maxChunkSizeTokens / 2))
    check.add(
      'OUT_OF_RANGE',
      [...path, 'static', 'chunkOverlapTokens'],
      '"chunkOverlapTokens" must be from 0 to half of "maxChunkSizeTokens".',
    );
}
