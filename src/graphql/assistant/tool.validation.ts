/** Validates tools and their resources in the inputs of assistants, threads and runs. */
import { limits, type InputValidator } from '../schema/input-validator.ts';
import type { AssistantToolInput, ToolResourcesInput, VectorStoreInput } from './assistant-tool.input.ts';

export function checkTools(tools: readonly InputValidator<AssistantToolInput>[]): void {
  for (const tool of tools) {
    tool.requireTrue('codeInterpreter');
    tool.object('function')?.identifier('name');
    const search = tool.object('fileSearch');
    search?.range('maxNumResults', limits.maxNumResults);
    search?.object('rankingOptions')?.range('scoreThreshold', limits.scoreThreshold);
  }
}

export function checkToolResources(resources: InputValidator<ToolResourcesInput> | undefined): void {
  resources?.object('codeInterpreter')?.requireExternalIds('fileIds', limits.codeInterpreterFiles);
  const search = resources?.object('fileSearch');
  if (!search) return;
  search.requireExternalIds('vectorStoreIds', limits.vectorStores);
  if (search.value.vectorStoreIds && search.value.vectorStores)
    search.add('INVALID', 'vectorStores', '"vectorStores" and "vectorStoreIds" exclude each other.');
  for (const store of search.entries('vectorStores', limits.vectorStores)) checkVectorStore(store);
}

/** For inputs that attach existing vector stores only. */
export function rejectVectorStores(resources: InputValidator<ToolResourcesInput> | undefined): void {
  const search = resources?.object('fileSearch');
  if (search?.value.vectorStores)
    search.add(
      'INVALID',
      'vectorStores',
      '"vectorStores" is for new assistants and threads only; use "vectorStoreIds".',
    );
}

function checkVectorStore(store: InputValidator<VectorStoreInput>): void {
  store.requireExternalIds('fileIds', limits.vectorStoreFiles);
  store.metadata('metadata');
  const strategy = store.object('chunkingStrategy');
  strategy?.requireTrue('auto');
  const chunks = strategy?.object('static');
  if (!chunks) return;
  chunks.range('maxChunkSizeTokens', limits.maxChunkSizeTokens);
  const { maxChunkSizeTokens, chunkOverlapTokens } = chunks.value;
  if (!(chunkOverlapTokens >= 0 && chunkOverlapTokens <= maxChunkSizeTokens / 2))
    chunks.add(
      'OUT_OF_RANGE',
      'chunkOverlapTokens',
      '"chunkOverlapTokens" must be from 0 to half of "maxChunkSizeTokens".',
    );
}
