/**
 * Turns messages and steps of a thread into messages of chat completions. A unit is kept or dropped as a whole: one message,
 * or the calls of a step with their outputs.
 */
import type { ChatCompletionContentPart } from 'openai/resources/chat/completions';
import { textOf, type Message, type MessageContent } from '../../messages/model.ts';
import type { Run } from '../../runs/model.ts';
import type { RunStep } from '../../runs/step.ts';
import type { ContextItem } from '../../store/work-store.ts';
import type { ChatMessage } from '../model/model-api.ts';
import { estimateTokens, TOKENS_OF_A_MESSAGE, TOKENS_OF_AN_IMAGE } from './token-estimate.ts';

export interface ContextUnit {
  /** Of the message or the step. */
  readonly id: string;
  readonly messages: readonly ChatMessage[];
  readonly tokens: number;
  /** As JSON in the store. */
  readonly bytes: number;
  readonly kind: ContextItem['kind'];
  readonly isFromUser: boolean;
  /** Written by the run that the context is for: it is never dropped. */
  readonly isOwn: boolean;
  readonly runId: string | null;
}

/** Undefined for what a model is not shown: nothing written, a cut attempt of this run, calls of tools that are no more. */
export function toUnit(item: ContextItem, run: Run, functionNames: ReadonlySet<string>): ContextUnit | undefined {
  return item.kind === 'message'
    ? toMessageUnit(item.message, item.bytes, run)
    : toToolUnit(item.step, item.bytes, run, functionNames);
}

function toMessageUnit(message: Message, bytes: number, run: Run): ContextUnit | undefined {
  const isOwn = message.run_id === run.id;
  if (isOwn && message.status !== 'completed') return undefined;
  const chat = message.role === 'user' ? toUserMessage(message.content) : toAssistantMessage(message.content);
  if (!chat) return undefined;
  return {
    id: message.id,
    messages: [chat],
    tokens: TOKENS_OF_A_MESSAGE + tokensOf(message.content),
    bytes,
    kind: 'message',
    isFromUser: message.role === 'user',
    isOwn,
    runId: message.run_id,
  };
}

function toUserMessage(content: readonly MessageContent[]): ChatMessage | undefined {
  const parts = content.map(toPart);
  if (parts.length === 0) return undefined;
  const texts = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  return { role: 'user', content: texts.length === parts.length ? texts.join('\n\n') : parts };
}

function toPart(content: MessageContent): ChatCompletionContentPart {
  switch (content.type) {
    case 'text':
      return { type: 'text', text: content.text.value };
    case 'refusal':
      return { type: 'text', text: content.refusal };
    case 'image_url':
      return { type: 'image_url', image_url: content.image_url };
    case 'image_file':
      return { type: 'text', text: '[An image file that cannot be shown: files are not kept here.]' };
  }
}

/** Models take text alone from an assistant. */
function toAssistantMessage(content: readonly MessageContent[]): ChatMessage | undefined {
  const text = content.map(textOf).join('');
  return text === '' ? undefined : { role: 'assistant', content: text };
}

function tokensOf(content: readonly MessageContent[]): number {
  return content.reduce(
    (sum, part) => sum + (part.type === 'image_url' ? TOKENS_OF_AN_IMAGE : estimateTokens(textOf(part))),
    0,
  );
}

function toToolUnit(
  step: RunStep,
  bytes: number,
  run: Run,
  functionNames: ReadonlySet<string>,
): ContextUnit | undefined {
  if (step.step_details.type !== 'tool_calls') return undefined;
  const calls = step.step_details.tool_calls;
  const isOwn = step.run_id === run.id;
  const isUsable = calls.every(
    ({ function: called }) => called.output !== null && (isOwn || functionNames.has(called.name)),
  );
  if (calls.length === 0 || !isUsable) return undefined;
  const messages: ChatMessage[] = [
    {
      role: 'assistant',
      content: null,
      tool_calls: calls.map(({ id, function: called }) => ({
        id,
        type: 'function',
        function: { name: called.name, arguments: called.arguments },
      })),
    },
    ...calls.map(({ id, function: called }): ChatMessage => ({
      role: 'tool',
      tool_call_id: id,
      content: called.output ?? '',
    })),
  ];
  const tokens = calls.reduce(
    (sum, { function: called }) =>
      sum +
      estimateTokens(called.name + called.arguments) +
      estimateTokens(called.output ?? '') +
      2 * TOKENS_OF_A_MESSAGE,
    TOKENS_OF_A_MESSAGE,
  );
  return { id: step.id, messages, tokens, bytes, kind: 'tool_calls', isFromUser: false, isOwn, runId: step.run_id };
}

/** Text and calls of one response are one message of chat completions; the thread has a message and a step. */
export function toChatMessages(units: readonly ContextUnit[]): ChatMessage[] {
  const result: ChatMessage[] = [];
  units.forEach((unit, index) => {
    const [first, ...others] = unit.messages;
    const before = units[index - 1];
    const last = result.at(-1);
    const isOneResponse =
      unit.kind === 'tool_calls' && before?.kind === 'message' && before.runId !== null && before.runId === unit.runId;
    if (isOneResponse && first?.role === 'assistant' && last?.role === 'assistant') {
      result[result.length - 1] = { ...first, content: last.content ?? null };
      result.push(...others);
    } else result.push(...unit.messages);
  });
  return result;
}
