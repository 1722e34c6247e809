/** What is wrong with tools, their resources and response formats, as assistants, threads and runs take them. */
import type { FieldPath, InputCheck } from '../schema/input-validator.ts';
import type {
  AssistantToolInput,
  ChunkingStrategyInput,
  FileSearchResourcesInput,
  ToolResourcesInput,
  VectorStoreInput,
} from './assistant-tool.input.ts';
import { LIMITS } from './assistant.validation.ts';
import type { ResponseFormatInput } from './response-format.input.ts';

/** `limit` is the most tools that there may be. */
export function checkTools(
  check: InputCheck,
  path: FieldPath,
  tools: readonly AssistantToolInput[] | null | undefined,
  limit: number,
): void {
  if (check.count(path, tools, limit))
    for (const [index, tool] of tools.entries()) checkTool(check, [...path, String(index)], tool);
}

export function checkResponseFormat(
  check: InputCheck,
  path: FieldPath,
  format: ResponseFormatInput | null | undefined,
): void {
  if (format?.jsonSchema) check.identifier([...path, 'jsonSchema', 'name'], format.jsonSchema.name);
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

export function checkToolResources(
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
