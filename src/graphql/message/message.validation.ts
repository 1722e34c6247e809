/** What is wrong with the input of a mutation of messages, found before anything is sent. */
import { conversationLimits } from '../schema/conversation-limits.ts';
import { InputCheck, type FieldPath } from '../schema/input-validator.ts';
import type { UserError } from '../schema/user-error.ts';
import type {
  CreateMessageInput,
  DeleteMessageInput,
  MessageContentInput,
  MessageInput,
  UpdateMessageInput,
} from './message.input.ts';

/** Empty where the input can be sent. */
export function validateCreateMessage(input: CreateMessageInput): readonly UserError[] {
  const check = new InputCheck();
  check.id(['input', 'threadId'], input.threadId);
  checkMessage(check, ['input'], input);
  check.idempotencyKey(['input', 'idempotencyKey'], input.idempotencyKey);
  return check.errors;
}

/** Empty where the input can be sent. */
export function validateUpdateMessage(input: UpdateMessageInput): readonly UserError[] {
  const check = new InputCheck();
  check.id(['input', 'threadId'], input.threadId);
  check.id(['input', 'id'], input.id);
  check.metadata(['input', 'metadata'], input.metadata, conversationLimits);
  return check.errors;
}

/** Empty where the input can be sent. */
export function validateDeleteMessage(input: DeleteMessageInput): readonly UserError[] {
  const check = new InputCheck();
  check.id(['input', 'threadId'], input.threadId);
  check.id(['input', 'id'], input.id);
  return check.errors;
}

/** Messages that are created along with a thread or a run. */
export function checkMessages(
  check: InputCheck,
  path: FieldPath,
  messages: readonly MessageInput[] | null | undefined,
): void {
  if (check.count(path, messages, conversationLimits.messages))
    for (const [index, message] of messages.entries()) checkMessage(check, [...path, String(index)], message);
}

function checkMessage(check: InputCheck, path: FieldPath, message: MessageInput): void {
  const { text, content, attachments, metadata } = message;
  const [hasText, hasContent] = [isGiven(text), isGiven(content)];
  if (hasText === hasContent) check.add('INVALID', [...path, 'text'], 'Exactly one of "text" and "content" is given.');
  if (hasText) {
    check.notBlank([...path, 'text'], text);
    check.length([...path, 'text'], text, conversationLimits.messageLength);
  }
  if (hasContent && content) checkContent(check, [...path, 'content'], content);
  if (check.count([...path, 'attachments'], attachments, conversationLimits.attachments))
    for (const [index, { fileId, tools }] of attachments.entries()) {
      const place = [...path, 'attachments', String(index)];
      check.notBlank([...place, 'fileId'], fileId);
      if (tools.length === 0) check.add('BLANK', [...place, 'tools'], '"tools" must not be empty.');
    }
  check.metadata([...path, 'metadata'], metadata, conversationLimits);
}

function checkContent(check: InputCheck, path: FieldPath, content: readonly MessageContentInput[]): void {
  if (content.length === 0) check.add('BLANK', path, '"content" must not be empty.');
  if (!check.count(path, content, conversationLimits.contentParts)) return;
  for (const [index, { text, imageFile, imageUrl }] of content.entries()) {
    const place = [...path, String(index)];
    check.notBlank([...place, 'text'], text);
    if (imageFile) check.notBlank([...place, 'imageFile', 'fileId'], imageFile.fileId);
    if (imageUrl && !isImageUrl(imageUrl.url))
      check.add('INVALID', [...place, 'imageUrl', 'url'], '"url" must be an http, https or data URL.');
  }
  check.length(path, content.map(({ text }) => text ?? '').join(''), conversationLimits.messageLength);
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

const isImageUrl = (url: string): boolean => /^(?:https?:\/\/[^\s/]|data:[^\s,]*,)/i.test(url);
