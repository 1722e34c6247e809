/** Owns the rules for the bodies of messages, alone and within those of threads and runs. */
import { z } from 'zod';
import { countCodePoints } from '../../runtime/code-points.ts';
import { createBodyReader, expectation, metadata, nonEmptyText, text, withoutNestedNulls } from '../api/validation.ts';

/** Of all text in a message, in Unicode code points. */
const MAX_LENGTH = 256_000;

const detail = z.enum(['auto', 'low', 'high']).optional();

const imageUrl = nonEmptyText.check((context) => {
  if (!/^(https?:\/\/|data:image\/)/i.test(context.value))
    context.issues.push(expectation('an http or https URL, or a data URL of an image', context.value));
});

const part = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text: text(MAX_LENGTH) }),
  z.strictObject({ type: z.literal('image_url'), image_url: z.strictObject({ url: imageUrl, detail }) }),
  z.strictObject({ type: z.literal('image_file'), image_file: z.strictObject({ file_id: nonEmptyText, detail }) }),
]);

const parts = z
  .array(part)
  .min(1)
  .check((context) => {
    const total = context.value.reduce((sum, item) => sum + (item.type === 'text' ? countCodePoints(item.text) : 0), 0);
    if (total > MAX_LENGTH)
      context.issues.push(expectation(`at most ${MAX_LENGTH} characters in all parts`, context.value));
  });

const attachment = z.strictObject({
  file_id: nonEmptyText,
  tools: z
    .array(
      z.discriminatedUnion('type', [
        z.strictObject({ type: z.literal('code_interpreter') }),
        z.strictObject({ type: z.literal('file_search') }),
      ]),
    )
    .nullish(),
});

const messageBody = z.strictObject({
  role: z.enum(['user', 'assistant']),
  content: z.union([text(MAX_LENGTH), parts]),
  attachments: z.array(attachment).nullish(),
  metadata: metadata.nullish(),
});

/** As many as OpenAI took with one request. */
export const messageBodies = z.array(messageBody).max(32);

/** Of messages, runs and threads alike: what alone can be changed later. */
const modify = z.strictObject({ metadata: metadata.nullish() });

export type CreateMessageBody = z.infer<typeof messageBody>;
export type ModifyMetadataBody = z.infer<typeof modify>;

export const readCreateMessageBody = createBodyReader(messageBody, null, withoutNestedNulls);
export const readModifyMetadataBody = createBodyReader(modify, {});
