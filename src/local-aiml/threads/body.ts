/** Owns the rules for the bodies of threads. */
import { z } from 'zod';
import { messageBodies } from '../messages/body.ts';
import { toolResourcesOfCreate, toolResourcesOfModify } from '../wire/tool-resources.ts';
import { createBodyReader, metadata, withoutNestedNulls } from '../api/validation.ts';

export const threadBody = z.strictObject({
  messages: messageBodies.nullish(),
  tool_resources: toolResourcesOfCreate.nullish(),
  metadata: metadata.nullish(),
});
const modify = z.strictObject({ tool_resources: toolResourcesOfModify.nullish(), metadata: metadata.nullish() });

export type CreateThreadBody = z.infer<typeof threadBody>;
export type ModifyThreadBody = z.infer<typeof modify>;

export const readCreateThreadBody = createBodyReader(threadBody, {}, withoutNestedNulls);
export const readModifyThreadBody = createBodyReader(modify, {}, withoutNestedNulls);
