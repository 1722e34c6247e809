/** The AIML API's threads: how they are read, what is sent, and how a lost modify is verified. */
import type { ResourceDefinition } from '../resource.ts';
import { readMetadata, requireId, requireObject, requireTime, type WireMetadata } from '../wire.ts';
import { matchesRequest } from './matches-request.ts';
import type { WireMessageBody } from './message.ts';
import { readToolResources, type WireToolResourcesBody } from './tool.ts';

/** The body of a create. */
export interface WireThreadCreateBody {
  readonly messages?: readonly WireMessageBody[];
  readonly tool_resources?: WireToolResourcesBody;
  readonly metadata?: WireMetadata;
}

/** The body of a modify. A field that is left out stays as it is; null clears it. */
export interface WireThreadModifyBody {
  readonly tool_resources?: WireToolResourcesBody | null;
  readonly metadata?: WireMetadata | null;
}

/** A thread as it was read: every field present, null where upstream sent null or nothing. */
export type WireThread = Readonly<ReturnType<typeof readThread>>;

/** Throws {@link MalformedResponseError}. */
function readThread(value: unknown) {
  const fields = requireObject(value, 'thread');
  return {
    id: requireId(fields),
    created_at: requireTime(fields, 'created_at'),
    tool_resources: readToolResources(fields),
    metadata: readMetadata(fields),
  };
}

export const threads: ResourceDefinition<WireThread, WireThreadCreateBody, WireThreadModifyBody> = {
  name: 'threads',
  segments: ['threads'],
  noun: 'thread',
  read: readThread,
  isCacheable: true,
  // Only the embedded AIML API lists threads, and it supports idempotency keys itself: no `isCreatedFrom`.
  isModified: (body, thread) =>
    matchesRequest(body, thread, (sent) => readThread({ id: thread.id, created_at: 0, ...sent })),
};
