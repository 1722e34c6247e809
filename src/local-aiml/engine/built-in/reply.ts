/** Owns what the built-in model writes and which functions it calls. */
import { objectOf, parseJson, type JsonObject, type JsonValue } from '../../wire/json.ts';
import type { ModelRequest } from '../model/model-api.ts';
import { HELP } from './commands.ts';
import type { Conversation } from './conversation.ts';
import { createValue, ValueBudget } from './schema-value.ts';

export interface Reply {
  readonly text: string;
  readonly isRefusal: boolean;
  readonly calls: readonly FunctionCall[];
}

interface FunctionCall {
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
}

interface FunctionTool {
  readonly name: string;
  readonly parameters?: JsonValue;
}

/** Longer texts are quoted in part, and names of functions are looked for in this part. */
const MAX_QUOTED_CHARS = 4_000;
/** The newest ones are quoted. */
const MAX_QUOTED_CALLS = 32;

export function createReply(request: ModelRequest, conversation: Conversation): Reply {
  if (conversation.commands.isRefusing)
    return { text: 'I decline this, as the message asked me to with /refuse.', isRefusal: true, calls: [] };
  const calls = nextCalls(request, conversation);
  if (calls.length > 0) return { text: '', isRefusal: false, calls };
  return { text: toFormat(request, conversation), isRefusal: false, calls: [] };
}

/** The calls that the message wants and that were not made yet; one at a time where parallel calls are off. */
function nextCalls(request: ModelRequest, conversation: Conversation): FunctionCall[] {
  const { tool_choice: choice = 'auto', parallel_tool_calls: isParallel } = request;
  const tools = toolsOf(request);
  if (choice === 'none' || tools.length === 0) return [];
  const given = jsonIn(conversation.text);
  const budget = new ValueBudget();
  const toCall = ({ name, parameters }: FunctionTool): FunctionCall => ({
    name,
    arguments: JSON.stringify(createValue({ type: 'object', ...objectOf(parameters) }, given, budget)),
  });
  const wanted = wantedCalls(tools, conversation, toCall);
  const left = wanted.slice(conversation.calls.length);
  const forced = typeof choice === 'object' && choice.type === 'function' ? choice.function.name : undefined;
  if (forced !== undefined) {
    const tool = tools.find(({ name }) => name === forced);
    return tool ? [wanted.find(({ name }) => name === forced) ?? toCall(tool)] : [];
  }
  const [first] = tools;
  if (left.length === 0 && choice === 'required' && first) left.push(toCall(first));
  return isParallel === false ? left.slice(0, 1) : left;
}

function wantedCalls(
  tools: readonly FunctionTool[],
  { commands, text }: Conversation,
  toCall: (tool: FunctionTool) => FunctionCall,
): FunctionCall[] {
  if (commands.calls)
    return commands.calls.flatMap(({ name, argumentsText }) => {
      const tool = tools.find((candidate) => candidate.name === name);
      if (!tool) return [];
      // Arguments that are given go out as they are.
      const given = argumentsText === undefined ? undefined : objectOf(parseJson(argumentsText));
      return [given === undefined ? toCall(tool) : { name, arguments: JSON.stringify(given) }];
    });
  const searched = text.slice(0, MAX_QUOTED_CHARS).toLowerCase();
  return tools.filter(({ name }) => isNamed(searched, name)).map(toCall);
}

function toolsOf({ tools = [] }: ModelRequest): FunctionTool[] {
  return tools.flatMap((tool) =>
    tool.type === 'function'
      ? [{ name: tool.function.name, parameters: (tool.function.parameters ?? {}) as JsonObject }]
      : [],
  );
}

/** Whether the name stands in the text, which is in lower case, as a word of its own. */
function isNamed(lower: string, name: string): boolean {
  const wanted = name.toLowerCase();
  for (let at = lower.indexOf(wanted); at !== -1; at = lower.indexOf(wanted, at + 1)) {
    const around = (lower[at - 1] ?? ' ') + (lower[at + wanted.length] ?? ' ');
    if (!/[a-z0-9_]/.test(around)) return true;
  }
  return false;
}

const MAX_JSON_TRIES = 8;

/** The first JSON object in a text. */
function jsonIn(text: string): JsonObject | undefined {
  const start = text.indexOf('{');
  if (start === -1) return undefined;
  for (
    let end = text.lastIndexOf('}'), tries = 0;
    end > start && tries < MAX_JSON_TRIES;
    end = text.lastIndexOf('}', end - 1), tries++
  ) {
    const value = objectOf(parseJson(text.slice(start, end + 1)));
    if (value) return value;
  }
  return undefined;
}

function toFormat(request: ModelRequest, conversation: Conversation): string {
  const { response_format: format } = request;
  if (format?.type === 'json_schema') {
    const schema = (format.json_schema.schema ?? { type: 'object' }) as JsonObject;
    return JSON.stringify(createValue(schema, jsonIn(conversation.text)));
  }
  if (format?.type === 'json_object')
    return JSON.stringify({
      model: 'The built-in model. It is no AI.',
      assistant: conversation.assistantName,
      instructions: conversation.instructions,
      message: quote(conversation.text),
      ...(conversation.calls.length === 0
        ? {}
        : { outputs: newest(conversation.calls).map((call) => quote(call.output)) }),
    });
  return toProse(conversation, toolsOf(request));
}

function toProse(
  { commands, text, images, calls, assistantName, instructions }: Conversation,
  tools: readonly FunctionTool[],
): string {
  if (commands.isHelp) return HELP;
  if (commands.words !== undefined) return createWords(commands.words, commands.isVarying === true);
  const sentences = [
    `This is ${assistantName}, written by the built-in model, which is no AI.`,
    ...(instructions === '' ? [] : [`My instructions begin with: ${instructions}`]),
    ...(text === '' ? [] : [`You wrote: ${quote(text)}`]),
    ...(images === 0 ? [] : [`With it came ${images === 1 ? 'one image' : `${images} images`}, which I cannot see.`]),
    ...newest(calls).map(({ name, output }) => `The function ${name} returned: ${quote(output)}`),
    ...(commands.calls ?? [])
      .filter(({ name }) => !tools.some((tool) => tool.name === name))
      .map(({ name }) => `There is no function ${name} here.`),
    ...(commands.isVarying ? [`A number of this time: ${Math.floor(Math.random() * 1e9)}.`] : []),
    'Send /help to see what I can do.',
  ];
  return sentences.join('\n');
}

const newest = <T>(calls: readonly T[]): readonly T[] => calls.slice(-MAX_QUOTED_CALLS);

function quote(text: string): string {
  return text.length <= MAX_QUOTED_CHARS ? text : `${text.slice(0, MAX_QUOTED_CHARS).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

const WORDS = 'one two three four five six seven eight nine ten eleven twelve'.split(' ');

function createWords(count: number, isVarying: boolean): string {
  const start = isVarying ? Math.floor(Math.random() * WORDS.length) : 0;
  const step = isVarying ? 1 + Math.floor(Math.random() * (WORDS.length - 1)) : 1;
  return Array.from({ length: count }, (_, index) => WORDS[(start + index * step) % WORDS.length]).join(' ');
}
