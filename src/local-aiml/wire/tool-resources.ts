/** Owns the resources that tools draw on, of assistants, threads and runs: what a body may say, and what is kept. Pure. */
import { z } from 'zod';
import { createId } from './ids.ts';
import type { JsonValue } from './json.ts';
import { expectation, metadata, nonEmptyText } from '../api/validation.ts';

export interface ToolResources {
  readonly code_interpreter?: { readonly file_ids: readonly string[] };
  readonly file_search?: { readonly vector_store_ids: readonly string[] };
}

/** A vector store that a request created. The API shows its id only. */
export interface VectorStore {
  readonly id: string;
  readonly object: 'vector_store';
  /** Unix time in seconds. */
  readonly created_at: number;
  readonly file_ids: readonly string[];
  readonly chunking_strategy: JsonValue;
  readonly metadata: JsonValue;
}

const ids = (max: number) => z.array(nonEmptyText).max(max);

const staticChunking = z
  .strictObject({
    max_chunk_size_tokens: z.int().min(100).max(4096),
    chunk_overlap_tokens: z.int().min(0).max(2048),
  })
  .check((context) => {
    const { max_chunk_size_tokens: size, chunk_overlap_tokens: overlap } = context.value;
    if (overlap > size / 2)
      context.issues.push({
        ...expectation('at most half of max_chunk_size_tokens', overlap),
        path: ['chunk_overlap_tokens'],
      });
  });

const vectorStore = z.strictObject({
  file_ids: ids(10_000).optional(),
  chunking_strategy: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('auto') }),
      z.strictObject({ type: z.literal('static'), static: staticChunking }),
    ])
    .optional(),
  metadata: metadata.nullish(),
});

const codeInterpreter = z.strictObject({ file_ids: ids(20).optional() });

/** The API's description requires exactly one of the two; a body with neither means no vector store. */
const fileSearchOfCreate = z
  .strictObject({ vector_store_ids: ids(1).optional(), vector_stores: z.array(vectorStore).max(1).optional() })
  .check((context) => {
    const { vector_store_ids, vector_stores } = context.value;
    if (vector_store_ids !== undefined && vector_stores !== undefined)
      context.issues.push(expectation('vector_store_ids or vector_stores, not both', context.value));
  });

export const toolResourcesOfCreate = z.strictObject({
  code_interpreter: codeInterpreter.optional(),
  file_search: fileSearchOfCreate.optional(),
});
/** Vector stores are made on create only. */
export const toolResourcesOfModify = z.strictObject({
  code_interpreter: codeInterpreter.optional(),
  file_search: z.strictObject({ vector_store_ids: ids(1).optional() }).optional(),
});

type ToolResourcesBody = z.infer<typeof toolResourcesOfCreate>;

/** The vector stores that a body creates. `now` is Unix time in seconds. */
export function createVectorStores(body: ToolResourcesBody | null | undefined, now: number): readonly VectorStore[] {
  return (body?.file_search?.vector_stores ?? []).map((store) => ({
    ...createVectorStore(store.file_ids ?? [], now),
    chunking_strategy: store.chunking_strategy ?? { type: 'auto' },
    metadata: store.metadata ?? {},
  }));
}

/** A vector store of these files, with everything else by default. */
export function createVectorStore(fileIds: readonly string[], now: number): VectorStore {
  return {
    id: createId('vs'),
    object: 'vector_store',
    created_at: now,
    file_ids: fileIds,
    chunking_strategy: { type: 'auto' },
    metadata: {},
  };
}

/** What is kept of the resources of a body. `vectorStores` are those that were made for it. */
export function toToolResources(body: ToolResourcesBody, vectorStores: readonly VectorStore[]): ToolResources {
  const { code_interpreter, file_search } = body;
  return {
    ...(code_interpreter && { code_interpreter: { file_ids: code_interpreter.file_ids ?? [] } }),
    ...(file_search && {
      file_search: { vector_store_ids: file_search.vector_store_ids ?? vectorStores.map((store) => store.id) },
    }),
  };
}
