// A double of the AIML API that streams runs. Each test scripts the stream, and the reads of the run after it.
import type { ServerResponse } from 'node:http';
import { sendJson, startScriptedUpstream, wireAssistant, type ScriptedUpstream } from './scripted-upstream.ts';

const CREATED_AT = 1_700_000_000;

export const wireRun = (status: string, fields: object = {}) => ({
  id: 'run_1',
  object: 'thread.run',
  thread_id: 'thread_1',
  assistant_id: 'asst_1',
  created_at: CREATED_AT,
  model: 'm',
  status,
  ...fields,
});
export const wireMessage = (status: string, text: string, fields: object = {}) => ({
  id: 'msg_1',
  object: 'thread.message',
  thread_id: 'thread_1',
  run_id: 'run_1',
  assistant_id: 'asst_1',
  created_at: CREATED_AT,
  role: 'assistant',
  status,
  content: text === '' ? [] : [{ type: 'text', text: { value: text, annotations: [] } }],
  ...fields,
});
export const wireStep = (status: string) => ({
  id: 'step_1',
  object: 'thread.run.step',
  thread_id: 'thread_1',
  run_id: 'run_1',
  assistant_id: 'asst_1',
  created_at: CREATED_AT,
  type: 'message_creation',
  status,
  step_details: { type: 'message_creation', message_creation: { message_id: 'msg_1' } },
});

/** One event in its wire form. */
export const frame = (event: string, data: unknown): string =>
  `event: ${event}\ndata: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;

export const textDelta = (value: string): string =>
  frame('thread.message.delta', {
    id: 'msg_1',
    object: 'thread.message.delta',
    delta: { content: [{ index: 0, type: 'text', text: { value } }] },
  });

/** The events before the first text. */
export const BEGINNING = [
  frame('thread.run.created', wireRun('queued')),
  frame('thread.run.queued', wireRun('queued')),
  frame('thread.run.in_progress', wireRun('in_progress', { started_at: CREATED_AT })),
  frame('thread.run.step.created', wireStep('in_progress')),
  frame('thread.run.step.in_progress', wireStep('in_progress')),
  frame('thread.message.created', wireMessage('in_progress', '')),
  frame('thread.message.in_progress', wireMessage('in_progress', '')),
].join('');

/** The events after the last text. */
export const endOf = (text: string): string =>
  frame('thread.message.completed', wireMessage('completed', text)) +
  frame('thread.run.step.completed', wireStep('completed')) +
  frame('thread.run.completed', wireRun('completed', { started_at: CREATED_AT, completed_at: CREATED_AT }));

export const DONE = frame('done', '[DONE]');

export function beginStream(response: ServerResponse, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
}

export interface StreamUpstreamOptions {
  /** Responds to the create of a run. */
  readonly create: (response: ServerResponse, index: number) => void;
  /** Responds to reads of the run while the service polls it. */
  readonly read?: (response: ServerResponse, index: number) => void;
  /** The text of the run's message in reads after the run has ended. */
  readonly text: string;
}

export interface StreamUpstream extends ScriptedUpstream {
  /** The numbers of creates and of reads of the run. */
  readonly counts: () => { readonly creates: number; readonly reads: number };
}

/** Every read returns a completed run, unless `read` returns something else. */
export async function startStreamUpstream({ create, read, text }: StreamUpstreamOptions): Promise<StreamUpstream> {
  let creates = 0;
  let reads = 0;
  const upstream = await startScriptedUpstream(({ method, path }, response) => {
    if (method === 'POST') create(response, creates++);
    else if (path.startsWith('/threads/thread_1/runs/run_1/steps'))
      sendJson(response, 200, { object: 'list', data: [wireStep('completed')], has_more: false });
    else if (path.startsWith('/threads/thread_1/messages'))
      sendJson(response, 200, { object: 'list', data: [wireMessage('completed', text)], has_more: false });
    else if (path === '/threads/thread_1/runs/run_1') {
      const index = reads++;
      if (read) read(response, index);
      else sendJson(response, 200, wireRun('completed', { completed_at: CREATED_AT }));
    } else if (path.startsWith('/assistants/')) sendJson(response, 200, wireAssistant('asst_1'));
    else sendJson(response, 404, { message: 'Not found' });
  });
  return { ...upstream, counts: () => ({ creates, reads }) };
}
