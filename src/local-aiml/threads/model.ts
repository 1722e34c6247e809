/** Owns the thread: how one is made from a create, and what a modify makes of it. Pure. */
import { createId } from '../wire/ids.ts';
import type { Attachment } from '../messages/model.ts';
import {
  createVectorStore,
  createVectorStores,
  toToolResources,
  type ToolResources,
  type VectorStore,
} from '../wire/tool-resources.ts';
import type { CreateThreadBody, ModifyThreadBody } from './body.ts';

/** As it is on the wire; the order of the members is the order in which they are sent. */
export interface Thread {
  readonly id: string;
  readonly object: 'thread';
  /** Unix time in seconds. */
  readonly created_at: number;
  readonly tool_resources: ToolResources;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A new thread, and the vector stores that have to be kept with it. `now` is Unix time in seconds. */
export function createThread(
  body: CreateThreadBody,
  now: number,
): { readonly thread: Thread; readonly vectorStores: readonly VectorStore[] } {
  const vectorStores = createVectorStores(body.tool_resources, now);
  const thread: Thread = {
    id: createId('thread'),
    object: 'thread',
    created_at: now,
    tool_resources: body.tool_resources ? toToolResources(body.tool_resources, vectorStores) : {},
    metadata: body.metadata ?? {},
  };
  return { thread, vectorStores };
}

/** The thread after a modify: what the body leaves out stays, and null clears. */
export function modifyThread(thread: Thread, { tool_resources, metadata }: ModifyThreadBody): Thread {
  return {
    ...thread,
    ...(tool_resources === undefined
      ? {}
      : { tool_resources: tool_resources === null ? {} : toToolResources(tool_resources, []) }),
    ...(metadata === undefined ? {} : { metadata: metadata ?? {} }),
  };
}

/** What attachments make of the thread that their messages are added to. */
interface Attached {
  readonly thread: Thread;
  /** Made because the thread had none. */
  readonly newStore: VectorStore | null;
  /** To be added to the vector store that the thread has. */
  readonly storeFiles: { readonly storeId: string; readonly fileIds: readonly string[] } | null;
}

/** Adds each file to the resources of the thread for the tools that its attachment names. */
export function attachFiles(thread: Thread, attachments: readonly Attachment[], now: number): Attached {
  const filesFor = (type: string) =>
    attachments.filter(({ tools }) => tools.some((tool) => tool.type === type)).map(({ file_id }) => file_id);
  const codeFiles = filesFor('code_interpreter');
  const searchFiles = filesFor('file_search');
  const { code_interpreter, file_search } = thread.tool_resources;
  const storeId = file_search?.vector_store_ids[0];
  const newStore = searchFiles.length > 0 && storeId === undefined ? createVectorStore(searchFiles, now) : null;
  const fileIds = [...new Set([...(code_interpreter?.file_ids ?? []), ...codeFiles])];
  return {
    thread: {
      ...thread,
      tool_resources: {
        ...thread.tool_resources,
        ...(codeFiles.length > 0 && { code_interpreter: { file_ids: fileIds } }),
        ...(newStore && { file_search: { vector_store_ids: [newStore.id] } }),
      },
    },
    newStore,
    storeFiles: storeId !== undefined && searchFiles.length > 0 ? { storeId, fileIds: searchFiles } : null,
  };
}
