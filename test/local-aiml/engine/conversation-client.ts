// A client of the embedded API for tests of conversations: plain fetch, with objects that are checked for their state.
import { call, type Reply } from '../support.ts';
import { until } from '../../support/until.ts';
import { checkState, type WireObject } from './object-states.ts';

export interface WireRun {
  readonly id: string;
  readonly thread_id: string;
  readonly status: string;
  readonly started_at: number | null;
  readonly expires_at: number | null;
  readonly last_error: { readonly code: string; readonly message: string } | null;
  readonly incomplete_details: { readonly reason: string } | null;
  readonly usage: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly total_tokens: number;
  } | null;
  readonly cost: { readonly usd: number } | null;
  readonly required_action: {
    readonly submit_tool_outputs: {
      readonly tool_calls: {
        readonly id: string;
        readonly function: { readonly name: string; readonly arguments: string };
      }[];
    };
  } | null;
}

export interface WireMessage {
  readonly id: string;
  readonly role: string;
  readonly status: string;
  readonly incomplete_details: { readonly reason: string } | null;
  readonly content: { readonly text?: { readonly value: string }; readonly refusal?: string }[];
  readonly run_id: string | null;
}

export interface WireStep {
  readonly id: string;
  readonly type: string;
  readonly status: string;
  readonly step_details: {
    readonly tool_calls?: { readonly id: string; readonly function: { readonly output: string | null } }[];
  };
}

export const WEATHER = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};
export const TIME = { type: 'function', function: { name: 'get_time' } };

const ENDS = ['completed', 'failed', 'cancelled', 'incomplete', 'expired'];
export const textOf = (message: WireMessage | undefined): string =>
  (message?.content ?? []).map((part) => part.text?.value ?? part.refusal ?? '').join('');

export class ConversationClient {
  readonly url: string;
  readonly key: string;

  constructor(url: string, key = 'key-1') {
    this.url = url;
    this.key = key;
  }

  call(request: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return call(this.url, request, { key: this.key, headers, ...(body === undefined ? {} : { body }) });
  }

  async createAssistant(body: object = {}): Promise<string> {
    const defaults = { model: 'gpt-4o', name: 'Ada', instructions: 'Be brief.', tools: [WEATHER, TIME] };
    return idOf(await this.call('POST /assistants', { ...defaults, ...body }));
  }

  async createThread(...messages: string[]): Promise<string> {
    const body = { messages: messages.map((content) => ({ role: 'user', content })) };
    return idOf(await this.call('POST /threads', body));
  }

  async addMessage(threadId: string, content: unknown, role = 'user'): Promise<string> {
    return idOf(await this.call(`POST /threads/${threadId}/messages`, { role, content }));
  }

  async createRun(threadId: string, assistantId: string, body: object = {}): Promise<WireRun> {
    return toRun(await this.call(`POST /threads/${threadId}/runs`, { assistant_id: assistantId, ...body }));
  }

  /** A run on a new thread with one message. */
  async start(message: string, assistantId: string, body: object = {}): Promise<WireRun> {
    return this.createRun(await this.createThread(message), assistantId, body);
  }

  async retrieve(run: WireRun): Promise<WireRun> {
    return toRun(await this.call(`GET /threads/${run.thread_id}/runs/${run.id}`));
  }

  /** Waits until the run is in one of these states. */
  async reach(run: WireRun, ...statuses: string[]): Promise<WireRun> {
    let current = run;
    await until(async () => {
      current = await this.retrieve(run);
      if (ENDS.includes(current.status) && !statuses.includes(current.status))
        throw new Error(`the run is ${current.status}: ${JSON.stringify(current.last_error)}`);
      return statuses.includes(current.status);
    });
    return current;
  }

  /** Waits until the run has ended or requires action. */
  settle(run: WireRun): Promise<WireRun> {
    return this.reach(run, 'requires_action', ...ENDS);
  }

  async submit(run: WireRun, output = 'sunny'): Promise<WireRun> {
    const calls = run.required_action?.submit_tool_outputs.tool_calls ?? [];
    const body = { tool_outputs: calls.map(({ id }) => ({ tool_call_id: id, output })) };
    return toRun(await this.call(`POST ${this.pathOf(run)}/submit_tool_outputs`, body));
  }

  cancel(run: WireRun): Promise<Reply> {
    return this.call(`POST ${this.pathOf(run)}/cancel`);
  }

  /** Newest first. */
  async messages(threadId: string): Promise<WireMessage[]> {
    return this.#list<WireMessage>(`/threads/${threadId}/messages?limit=100`);
  }

  /** Oldest first. */
  async steps(run: WireRun): Promise<WireStep[]> {
    return this.#list<WireStep>(`${this.pathOf(run)}/steps?limit=100&order=asc`);
  }

  async #list<T>(path: string): Promise<T[]> {
    const { body } = await this.call(`GET ${path}`);
    return (body['data'] as WireObject[]).map((item) => checkState(item) as T);
  }

  pathOf(run: WireRun): string {
    return `/threads/${run.thread_id}/runs/${run.id}`;
  }

  eventsUrl(run: WireRun): string {
    return `${this.url}${this.pathOf(run)}/events`;
  }
}

export function idOf(reply: Reply): string {
  if (reply.status >= 300) throw new Error(`${reply.status} ${reply.text}`);
  return String(reply.body['id']);
}

export function toRun(reply: Reply): WireRun {
  if (reply.status >= 300) throw new Error(`${reply.status} ${reply.text}`);
  return checkState(reply.body) as unknown as WireRun;
}
