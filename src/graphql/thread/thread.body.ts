/** From the input of a mutation of threads to the body that goes upstream. The input has passed its validation. */
import type { WireThreadCreateBody, WireThreadModifyBody } from '../../aiml/resources/thread.ts';
import { toToolResourcesBody } from '../assistant/tool.body.ts';
import { toMessageBody } from '../message/message.body.ts';
import { unlessEmpty, withoutEmpty, withoutUndefined } from '../schema/wire-body.ts';
import type { ThreadInput, UpdateThreadInput } from './thread.input.ts';

/** On a create, null is the same as an omitted field. */
export const toThreadCreateBody = ({ messages, toolResources, metadata }: ThreadInput): WireThreadCreateBody =>
  withoutEmpty({
    messages: messages?.map(toMessageBody),
    tool_resources: toolResources && unlessEmpty(toToolResourcesBody(toolResources)),
    metadata,
  });

/** On an update, null clears. An empty body changes nothing. */
export const toThreadModifyBody = ({ toolResources, metadata }: UpdateThreadInput): WireThreadModifyBody =>
  withoutUndefined({ tool_resources: toolResources && toToolResourcesBody(toolResources), metadata });
