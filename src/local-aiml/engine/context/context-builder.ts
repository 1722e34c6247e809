/** Owns the request that a run makes of its model: instructions, what the thread holds, tools and parameters. */
import { nextTurn } from '../../../runtime/turn-queue.ts';
import type { Run, Tally } from '../../runs/model.ts';
import type { Message } from '../../messages/model.ts';
import type { Store } from '../../store/store.ts';
import { MAX_CONTEXT_BYTES } from '../../store/work-store.ts';
import type { ModelRequest } from '../model/model-api.ts';
import { ModelError } from '../model/model-error.ts';
import type { ContextLengths } from './context-lengths.ts';
import { toChatMessages, toUnit, type ContextUnit } from './context-units.ts';
import { estimateTokens, TOKENS_OF_A_MESSAGE, type TokenEstimates } from './token-estimate.ts';
import { truncate } from './truncation.ts';

const PAGE_SIZE = 100;
/** A thread of fewer tokens fits every model, so its context length need not be known. */
const SMALL_THREAD_TOKENS = 3_000;

export interface BuiltContext {
  readonly request: ModelRequest;
  /** What the prompt was estimated at. */
  readonly estimatedTokens: number;
  /** What the request has of the thread, as JSON in the store. */
  readonly contextBytes: number;
  readonly canShrink: boolean;
}

/** The prompt budget of the run does not hold even what has to be in the context. */
export class PromptBudgetError extends Error {
  override readonly name = 'PromptBudgetError';
}

export type ContextBuilder = ReturnType<typeof createContextBuilder>;

export function createContextBuilder(store: Store, estimates: TokenEstimates, lengths: ContextLengths) {
  /** Oldest first: as much of the thread's end as can be needed, and its first message of the user. */
  const load = async (account: string, run: Run, maxTokens: number): Promise<readonly ContextUnit[]> => {
    const functionNames = new Set(functionsOf(run).map(({ name }) => name));
    const { type, last_messages: lastMessages } = run.truncation_strategy;
    const units: ContextUnit[] = [];
    let tokens = 0;
    let messages = 0;
    let bytes = 0;
    for (let before: number | undefined; bytes <= MAX_CONTEXT_BYTES;) {
      const page = await store.work.context(run.thread_id, before, PAGE_SIZE);
      for (const item of page.items) {
        const unit = toUnit(item, run, functionNames);
        if (!unit) continue;
        units.push(unit);
        bytes += unit.bytes;
        if (unit.isOwn) continue;
        tokens += unit.tokens;
        if (unit.kind === 'message') messages++;
      }
      if (page.next === null) return units.reverse();
      if (type === 'last_messages' && messages >= (lastMessages ?? 1)) return units.reverse();
      if (tokens > maxTokens && units.some((unit) => unit.isFromUser)) break;
      before = page.next;
      await nextTurn();
    }
    // Its calls make no sense without their outputs, so what the run itself wrote is never left out.
    if (units.every((unit) => unit.isOwn))
      throw new ModelError('invalid_prompt', 'The outputs that were submitted are more than a model can be sent.');
    units.reverse();
    const first = type === 'auto' ? await firstOfUser(account, run) : undefined;
    return !first || units.some(({ id }) => id === first.id) ? units : [first, ...units];
  };

  const firstOfUser = async (account: string, run: Run): Promise<ContextUnit | undefined> => {
    const query = { order: 'asc', limit: 20, after: undefined, before: undefined, runId: undefined } as const;
    const { items } = await store.messages.list([account, run.thread_id], query);
    for (const { json } of items) {
      const message = JSON.parse(json) as Message;
      const bytes = Buffer.byteLength(json);
      if (message.role === 'user') return toUnit({ kind: 'message', sequence: 0, bytes, message }, run, new Set());
    }
    return undefined;
  };

  /** `key` is the bearer token of the run for the model API, if it has its own. Throws {@link PromptBudgetError}. */
  return async (account: string, run: Run, tally: Tally, key: string | undefined): Promise<BuiltContext> => {
    const tools = toTools(run);
    const system = toSystemMessage(run);
    const fixedTokens =
      estimateTokens(system) + TOKENS_OF_A_MESSAGE + (tools.length === 0 ? 0 : estimateTokens(JSON.stringify(tools)));
    const budget = remaining(run.max_prompt_tokens, tally.usage?.prompt_tokens);
    const budgetTokens = budget === null ? Infinity : estimates.toEstimated(run.model, budget);
    const limit = () => Math.min(estimates.contextTokens(run.model), budgetTokens) - fixedTokens;
    let units = await load(account, run, limit());
    if (!estimates.knowsLimit(run.model) && tokensOf(units) > SMALL_THREAD_TOKENS) {
      const length = await lengths.of(run.model, key);
      if (length !== undefined) {
        estimates.setContextLength(run.model, length);
        units = await load(account, run, limit());
      }
    }
    const truncated = truncate(units, run.truncation_strategy, limit());
    if (truncated.isOverLimit && fixedTokens + truncated.tokens > budgetTokens) throw new PromptBudgetError();
    const messages = toChatMessages(truncated.units);
    return {
      request: {
        ...parametersOf(run, tally),
        messages: system === '' ? messages : [{ role: 'system', content: system }, ...messages],
        ...(tools.length === 0 ? {} : toolParametersOf(run, tally, tools)),
      },
      estimatedTokens: fixedTokens + truncated.tokens,
      contextBytes: truncated.units.reduce((sum, { bytes }) => sum + bytes, 0),
      canShrink: truncated.canShrink,
    };
  };
}

function tokensOf(units: readonly ContextUnit[]): number {
  return units.reduce((sum, { tokens }) => sum + tokens, 0);
}

/** What is left of a budget that counts over all calls of a run; null if there is none. */
export function remaining(budget: number | null, used = 0): number | null {
  return budget === null ? null : Math.max(0, budget - used);
}

function parametersOf(run: Run, tally: Tally): Omit<ModelRequest, 'messages'> {
  const completionTokens = remaining(run.max_completion_tokens, tally.usage?.completion_tokens);
  const format = run.response_format;
  return {
    model: run.model,
    ...(run.temperature === null ? {} : { temperature: run.temperature }),
    ...(run.top_p === null ? {} : { top_p: run.top_p }),
    ...(run.reasoning_effort === null ? {} : { reasoning_effort: run.reasoning_effort as ReasoningEffort }),
    ...(completionTokens === null ? {} : { max_completion_tokens: completionTokens }),
    ...(isResponseFormat(format) ? { response_format: format } : {}),
  };
}

/** `auto` and `text` are what a model does by itself. */
function isResponseFormat(format: unknown): format is ResponseFormat {
  const type = (format as { readonly type?: unknown } | null)?.type;
  return type === 'json_object' || type === 'json_schema';
}

type ReasoningEffort = NonNullable<ModelRequest['reasoning_effort']>;
type ResponseFormat = NonNullable<ModelRequest['response_format']>;
type Tool = NonNullable<ModelRequest['tools']>[number];

/** `tool_choice` forces the first call of the model alone: otherwise a run that must call a function would never end. */
function toolParametersOf(run: Run, tally: Tally, tools: Tool[]): Partial<ModelRequest> {
  const isFirst = tally.modelCalls === 0;
  const isForbidden = run.tool_choice === 'none';
  return {
    tools,
    ...(run.tool_choice !== 'auto' && (isFirst || isForbidden) ? { tool_choice: run.tool_choice } : {}),
    ...(run.parallel_tool_calls ? {} : { parallel_tool_calls: false }),
  };
}

function functionsOf(run: Run) {
  return run.tools.flatMap((tool) => (tool.type === 'function' ? [tool.function] : []));
}

function toTools(run: Run): Tool[] {
  return functionsOf(run).map(({ name, description, parameters, strict }): Tool => ({
    type: 'function',
    function: {
      name,
      ...(description === undefined ? {} : { description }),
      // AIML wants parameters, also where there are none.
      parameters: parameters ?? { type: 'object', properties: {} },
      ...(strict === undefined || strict === null ? {} : { strict }),
    },
  }));
}

function toSystemMessage(run: Run): string {
  const missing = (['code_interpreter', 'file_search'] as const).filter((type) =>
    run.tools.some((tool) => tool.type === type),
  );
  const note = `The tools ${missing.join(' and ')} cannot be used in this conversation.`;
  return [run.instructions, missing.length === 0 ? '' : note].filter((text) => text !== '').join('\n\n');
}
