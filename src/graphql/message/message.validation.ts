/** Validates the inputs of the mutations of messages before a request is sent. */
import { inputLimits as limits } from '../schema/input-limits.ts';
import { createValidation, type FieldPath, type InputValidator } from '../schema/input-validator.ts';
import type {
  CreateMessageInput,
  DeleteMessageInput,
  MessageContentInput,
  MessageInput,
  UpdateMessageInput,
} from './message.input.ts';

export const validateCreateMessage = createValidation((validator, input: CreateMessageInput) => {
  validator.requireId(['input', 'threadId'], input.threadId);
  checkMessage(validator, ['input'], input);
  validator.idempotencyKey(['input', 'idempotencyKey'], input.idempotencyKey);
});

export const validateUpdateMessage = createValidation((validator, input: UpdateMessageInput) => {
  validator.requireId(['input', 'threadId'], input.threadId);
  validator.requireId(['input', 'id'], input.id);
  validator.metadata(['input', 'metadata'], input.metadata);
});

export const validateDeleteMessage = createValidation((validator, input: DeleteMessageInput) => {
  validator.requireId(['input', 'threadId'], input.threadId);
  validator.requireId(['input', 'id'], input.id);
});

/** Messages that are created together with a thread or a run. */
export function checkMessages(
  validator: InputValidator,
  path: FieldPath,
  messages: readonly MessageInput[] | null | undefined,
): void {
  if (validator.count(path, messages, limits.messages))
    for (const [index, message] of messages.entries()) checkMessage(validator, [...path, String(index)], message);
}

function checkMessage(validator: InputValidator, path: FieldPath, message: MessageInput): void {
  const { text, content, attachments, metadata } = message;
  const [hasText, hasContent] = [isGiven(text), isGiven(content)];
  if (hasText === hasContent)
    validator.add('INVALID', [...path, 'text'], 'Exactly one of "text" and "content" is given.');
  if (hasText) {
    validator.notBlank([...path, 'text'], text);
    validator.length([...path, 'text'], text, limits.messageLength);
  }
  if (hasContent && content) checkContent(validator, [...path, 'content'], content);
  if (validator.count([...path, 'attachments'], attachments, limits.attachments))
    for (const [index, { fileId, tools }] of attachments.entries()) {
      const position = [...path, 'attachments', String(index)];
      validator.notBlank([...position, 'fileId'], fileId);
      if (tools.length === 0) validator.add('BLANK', [...position, 'tools'], '"tools" must not be empty.');
    }
  validator.metadata([...path, 'metadata'], metadata);
}

function checkContent(validator: InputValidator, path: FieldPath, content: readonly MessageContentInput[]): void {
  if (content.length === 0) validator.add('BLANK', path, '"content" must not be empty.');
  if (!validator.count(path, content, limits.contentParts)) return;
  for (const [index, { text, imageFile, imageUrl }] of content.entries()) {
    const position = [...path, String(index)];
    validator.notBlank([...position, 'text'], text);
    if (imageFile) validator.notBlank([...position, 'imageFile', 'fileId'], imageFile.fileId);
    if (imageUrl && !isImageUrl(imageUrl.url))
      validator.add('INVALID', [...position, 'imageUrl', 'url'], '"url" must be an http, https or data URL.');
  }
  validator.length(path, content.map(({ text }) => text ?? '').join(''), limits.messageLength);
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

const isImageUrl = (url: string): boolean => /^(?:https?:\/\/[^\s/]|data:[^\s,]*,)/i.test(url);
