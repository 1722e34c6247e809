/** Owns the resources that tools draw on: files and vector stores, of assistants and of threads. Pure. */
import type { ToolResourcesBody, VectorStoreBody } from './assistants/body.ts';
import { createId } from './ids.ts';
import type { JsonValue } from './json.ts';

export interface ToolResources {
  readonly code_interpreter?: { readonly file_ids: readonly string[] };
  readonly file_search?: { readonly vector_store_ids: readonly string[] };
}

/** A vector store that a request asked for. The API shows its id only. */
export interface VectorStore {
  readonly id: string;
  readonly object: 'vector_store';
  /** Unix time in seconds. */
  readonly created_at: number;
  readonly file_ids: readonly string[];
  readonly chunking_strategy: JsonValue;
  readonly metadata: JsonValue;
}

/** The resources of a body that has some. `vectorStores` are those that were made for it. */
export function toToolResources(
  body: ToolResourcesBody | null,
  vectorStores: readonly VectorStore[],
): ToolResources | null {
  if (body === null) return null;
  const { code_interpreter, file_search } = body;
  return {
    ...(code_interpreter && { code_interpreter: { file_ids: code_interpreter.file_ids ?? [] } }),
    ...(file_search && {
      file_search: { vector_store_ids: file_search.vector_store_ids ?? vectorStores.map((store) => store.id) },
    }),
  };
}

/** `now` is Unix time in seconds. */
export function toVectorStore(body: VectorStoreBody, now: number): VectorStore {
  return {
    id: createId('vs'),
    object: 'vector_store',
    created_at: now,
    file_ids: body.file_ids ?? [],
    chunking_strategy: body.chunking_strategy ?? { type: 'auto' },
    metadata: body.metadata ?? {},
  };
}
