/** Validates the inputs of the mutations of messages before a request is sent. */
import { createValidation, limits, type InputValidator } from '../schema/input-validator.ts';
import type { CreateMessageInput, DeleteMessageInput, MessageInput, UpdateMessageInput } from './message.input.ts';

export const validateCreateMessage = createValidation<CreateMessageInput>((input) => {
  input.requireId('threadId');
  checkMessages([input]);
  input.identifier('idempotencyKey');
});

export const validateUpdateMessage = createValidation<UpdateMessageInput>((input) => {
  input.requireId('threadId', 'id');
  input.metadata('metadata');
});

export const validateDeleteMessage = createValidation<DeleteMessageInput>((input) => input.requireId('threadId', 'id'));

/** New messages, on their own or together with a thread or a run. */
export function checkMessages(messages: readonly InputValidator<MessageInput>[]): void {
  for (const message of messages) {
    const { text, content } = message.value;
    if (isGiven(text) === isGiven(content))
      message.add('INVALID', 'text', 'Exactly one of "text" and "content" is given.');
    if (isGiven(text)) message.notBlank('text');
    message.length('text', limits.messageLength);
    checkContent(message);
    for (const attachment of message.entries('attachments', limits.attachments)) {
      attachment.notBlank('fileId');
      attachment.notEmpty('tools');
    }
    message.metadata('metadata');
  }
}

function checkContent(message: InputValidator<MessageInput>): void {
  message.notEmpty('content');
  const parts = message.entries('content', limits.contentParts);
  for (const part of parts) {
    part.notBlank('text');
    part.object('imageFile')?.notBlank('fileId');
    const image = part.object('imageUrl');
    if (image && !isImageUrl(image.value.url)) image.add('INVALID', 'url', '"url" must be an http, https or data URL.');
  }
  message.length('content', limits.messageLength, parts.map(({ value }) => value.text ?? '').join(''));
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

const isImageUrl = (url: string): boolean => /^(?:https?:\/\/[^\s/]|data:[^\s,]*,)/i.test(url);
