/** Maps the inputs of messages to request bodies. The input has passed its validation. */
import type { WireContentBody, WireMessageBody } from '../../aiml/resources/message.ts';
import { withoutEmpty } from '../schema/wire-body.ts';
import type { MessageContentInput, MessageInput } from './message.input.ts';

export const toMessageBody = ({ role, text, content, attachments, metadata }: MessageInput): WireMessageBody => ({
  role,
  content: text ?? (content ?? []).map(toContentBody),
  ...withoutEmpty({
    attachments: attachments?.map(({ fileId, tools }) => ({
      file_id: fileId,
      tools: tools.map((type) => ({ type })),
    })),
    metadata,
  }),
});

/** Exactly one field is set: `@oneOf` enforces it. */
function toContentBody({ text, imageFile, imageUrl }: MessageContentInput): WireContentBody {
  if (imageFile)
    return {
      type: 'image_file',
      image_file: { file_id: imageFile.fileId, ...withoutEmpty({ detail: imageFile.detail }) },
    };
  if (imageUrl)
    return { type: 'image_url', image_url: { url: imageUrl.url, ...withoutEmpty({ detail: imageUrl.detail }) } };
  return { type: 'text', text: text ?? '' };
}
