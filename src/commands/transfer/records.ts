/** The lines of an export: what each holds, and how it is checked when it is read. */
import { z } from 'zod';

/** The first line. `version` grows when a line changes its form. */
export const EXPORT_FORMAT = 'assistants-graphql-export';
export const EXPORT_VERSION = 1;

const id = z.string().min(1).max(256);
const pairs = z.record(z.string(), z.string());

const headerRecord = z.strictObject({
  type: z.literal('header'),
  format: z.literal(EXPORT_FORMAT),
  version: z.literal(EXPORT_VERSION),
  exportedAt: z.iso.datetime(),
});

/** `input` is the input of `createAssistant`, without an idempotency key: the service checks its values. */
const assistantRecord = z.strictObject({
  type: z.literal('assistant'),
  id,
  input: z.looseObject({ model: z.string().min(1), metadata: pairs }),
});

/** `input` is the input of `createThread`, without messages and an idempotency key. */
const threadRecord = z.strictObject({
  type: z.literal('thread'),
  id,
  input: z.looseObject({ metadata: pairs }),
});

/** Follows its thread's line. `input` is the input of `createMessage`, without the thread and an idempotency key. */
const messageRecord = z.strictObject({
  type: z.literal('message'),
  id,
  threadId: id,
  input: z.looseObject({ role: z.enum(['USER', 'ASSISTANT']), metadata: pairs }),
});

const exportRecord = z.discriminatedUnion('type', [headerRecord, assistantRecord, threadRecord, messageRecord]);

export type ExportRecord = z.infer<typeof exportRecord>;
export type MessageRecord = z.infer<typeof messageRecord>;

export interface NumberedRecord<T extends ExportRecord = ExportRecord> {
  /** From 1. */
  readonly line: number;
  readonly record: T;
}

/** The file is not an export, or lines of it are broken. The message names each by its number, never by its text. */
class BrokenExportError extends Error {
  override readonly name = 'BrokenExportError';
}

const MAX_PROBLEMS = 20;

/** All records but the header. Throws {@link BrokenExportError}. */
export function parseExport(text: string): readonly NumberedRecord[] {
  const records: NumberedRecord[] = [];
  const problems: string[] = [];
  const threads = new Set<string>();
  const ids = new Set<string>();
  const lines = text.split('\n');
  for (const [index, lineText] of lines.entries()) {
    const line = index + 1;
    if (lineText.trim() === '') {
      if (index < lines.length - 1) problems.push(`line ${line} is empty`);
      continue;
    }
    const result = parseLine(lineText);
    if (typeof result === 'string') problems.push(`line ${line} ${result}`);
    else if ((result.type === 'header') !== (line === 1))
      problems.push(line === 1 ? 'line 1 is not the header of an export' : `line ${line} is a second header`);
    else if (result.type !== 'header') {
      if (ids.has(result.id)) problems.push(`line ${line} has the id of an earlier line`);
      if (result.type === 'message' && !threads.has(result.threadId))
        problems.push(`line ${line} is a message whose thread has no line before it`);
      ids.add(result.id);
      if (result.type === 'thread') threads.add(result.id);
      records.push({ line, record: result });
    }
  }
  if (lines.every((lineText) => lineText.trim() === '')) problems.push('the file is empty');
  if (problems.length > 0) throw new BrokenExportError(summarize(problems));
  return records;
}

/** A text says what is wrong with the line. */
function parseLine(text: string): ExportRecord | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'is not JSON';
  }
  const result = exportRecord.safeParse(value);
  if (result.success) return result.data;
  const path = result.error.issues[0]?.path.join('.') ?? '';
  return path === '' ? 'is not a record of an export' : `has a wrong or missing "${path}"`;
}

function summarize(problems: readonly string[]): string {
  const shown = problems.slice(0, MAX_PROBLEMS);
  const more = problems.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
}
