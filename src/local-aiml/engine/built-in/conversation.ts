/** Owns what the built-in model reads from a request: the last message of the user and what followed it. */
import type { ChatMessage, ModelRequest, RespondingAssistant } from '../model/model-api.ts';
import { readCommands, type Commands } from './commands.ts';

export interface Conversation {
  readonly commands: Commands;
  /** The last message of the user without its commands. */
  readonly text: string;
  readonly images: number;
  /** The calls that followed the last message of the user, each with its output. */
  readonly calls: readonly { readonly name: string; readonly output: string }[];
  readonly promptTokens: number;
  /** What the assistant is called. */
  readonly assistantName: string;
  /** The first line of the assistant's instructions; '' for none. */
  readonly instructions: string;
}

const TOKENS_OF_A_MESSAGE = 4;

/** Four characters are one token, as is usual for English text. */
export function countTokens(text: string): number {
  return Math.ceil(text.length / 4);
}

export function readConversation(
  { messages, tools = [] }: ModelRequest,
  assistant: RespondingAssistant | undefined,
): Conversation {
  const { name = null, instructions = '' } = assistant ?? {};
  const last = messages.findLastIndex((message) => message.role === 'user');
  const { commands, text } = readCommands(textOf(messages[last]));
  const promptTokens = messages.reduce(
    (sum, message) => sum + TOKENS_OF_A_MESSAGE + countTokens(textOf(message)) + countTokens(callsOf(message)),
    tools.length === 0 ? 0 : countTokens(JSON.stringify(tools)),
  );
  return {
    commands,
    text,
    images: imagesOf(messages[last]),
    calls: readCalls(messages.slice(last + 1)),
    promptTokens,
    assistantName: name === null || name === '' ? 'the assistant' : name,
    instructions: instructions.trim().split('\n', 1).join('').trim(),
  };
}

function textOf(message: ChatMessage | undefined): string {
  const content = message?.content;
  if (typeof content === 'string') return content;
  return (content ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('\n');
}

function imagesOf(message: ChatMessage | undefined): number {
  const content = message?.content;
  return Array.isArray(content) ? content.filter((part) => part.type === 'image_url').length : 0;
}

function callsOf(message: ChatMessage): string {
  return message.role === 'assistant' && message.tool_calls ? JSON.stringify(message.tool_calls) : '';
}

function readCalls(messages: readonly ChatMessage[]): Conversation['calls'] {
  const outputs = new Map(
    messages.flatMap((message) => (message.role === 'tool' ? [[message.tool_call_id, textOf(message)] as const] : [])),
  );
  return messages.flatMap((message) =>
    message.role !== 'assistant'
      ? []
      : (message.tool_calls ?? []).flatMap((call) =>
          call.type === 'function' ? [{ name: call.function.name, output: outputs.get(call.id) ?? '' }] : [],
        ),
  );
}
