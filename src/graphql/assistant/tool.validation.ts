/** Validates tools, their resources and response formats in the inputs of assistants, threads and runs. */
import { inputLimits as limits } from '../schema/input-limits.ts';
import type { FieldPath, InputValidator } from '../schema/input-validator.ts';
import type {
  AssistantToolInput,
  ChunkingStrategyInput,
  FileSearchResourcesInput,
  ToolResourcesInput,
  VectorStoreInput,
} from './assistant-tool.input.ts';
import type { ResponseFormatInput } from './assistant-tool.input.ts';

/** `limit`: the maximum number of tools. */
export function checkTools(
  validator: InputValidator,
  path: FieldPath,
  tools: readonly AssistantToolInput[] | null | undefined,
  limit: number,
): void {
  if (validator.count(path, tools, limit))
    for (const [index, tool] of tools.entries()) checkTool(validator, [...path, String(index)], tool);
}

export function checkResponseFormat(
  validator: InputValidator,
  path: FieldPath,
  format: ResponseFormatInput | null | undefined,
): void {
  if (format?.jsonSchema) validator.identifier([...path, 'jsonSchema', 'name'], format.jsonSchema.name);
}

function checkTool(validator: InputValidator, path: FieldPath, tool: AssistantToolInput): void {
  validator.requireTrue([...path, 'codeInterpreter'], tool.codeInterpreter);
  if (tool.function) validator.identifier([...path, 'function', 'name'], tool.function.name);
  if (!tool.fileSearch) return;
  const search = [...path, 'fileSearch'];
  validator.range([...search, 'maxNumResults'], tool.fileSearch.maxNumResults, limits.maxNumResults);
  const threshold = tool.fileSearch.rankingOptions?.scoreThreshold;
  validator.range([...search, 'rankingOptions', 'scoreThreshold'], threshold, limits.scoreThreshold);
}

export function checkToolResources(
  validator: InputValidator,
  path: FieldPath,
  { codeInterpreter, fileSearch }: ToolResourcesInput,
): void {
  validator.requireExternalIds(
    [...path, 'codeInterpreter', 'fileIds'],
    codeInterpreter?.fileIds,
    limits.codeInterpreterFiles,
  );
  if (fileSearch) checkFileSearch(validator, [...path, 'fileSearch'], fileSearch);
}

function checkFileSearch(
  validator: InputValidator,
  path: FieldPath,
  { vectorStoreIds, vectorStores }: FileSearchResourcesInput,
): void {
  validator.requireExternalIds([...path, 'vectorStoreIds'], vectorStoreIds, limits.vectorStores);
  const stores = [...path, 'vectorStores'];
  if (vectorStoreIds && vectorStores)
    validator.add('INVALID', stores, '"vectorStores" and "vectorStoreIds" exclude each other.');
  if (validator.count(stores, vectorStores, limits.vectorStores))
    for (const [index, store] of vectorStores.entries()) checkVectorStore(validator, [...stores, String(index)], store);
}

function checkVectorStore(validator: InputValidator, path: FieldPath, store: VectorStoreInput): void {
  validator.requireExternalIds([...path, 'fileIds'], store.fileIds, limits.vectorStoreFiles);
  validator.metadata([...path, 'metadata'], store.metadata);
  if (store.chunkingStrategy) checkChunking(validator, [...path, 'chunkingStrategy'], store.chunkingStrategy);
}

function checkChunking(validator: InputValidator, path: FieldPath, strategy: ChunkingStrategyInput): void {
  validator.requireTrue([...path, 'auto'], strategy.auto);
  if (!strategy.static) return;
  const { maxChunkSizeTokens, chunkOverlapTokens } = strategy.static;
  validator.range([...path, 'static', 'maxChunkSizeTokens'], maxChunkSizeTokens, limits.maxChunkSizeTokens);
  if (!(chunkOverlapTokens >= 0 && chunkOverlapTokens <= maxChunkSizeTokens / 2))
    validator.add(
      'OUT_OF_RANGE',
      [...path, 'static', 'chunkOverlapTokens'],
      '"chunkOverlapTokens" must be from 0 to half of "maxChunkSizeTokens".',
    );
}
