// A chat completions API on loopback whose responses a test stages: the dialects of real servers and their failures.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { cleanUpLater } from '../../support/cleanup.ts';
import { listen } from '../../support/listen.ts';

export interface StagedRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
  /** Resolves if the client disconnects before the response has ended. */
  readonly hungUp: Promise<void>;
}

export type Stage = (request: StagedRequest, response: ServerResponse) => void | Promise<void>;

export interface StagedModelApi extends AsyncDisposable {
  /** The value of `MODEL_API_BASE_URL`. */
  readonly url: string;
  readonly requests: StagedRequest[];
  /** One stage for each request, in order; the last one repeats. */
  stages: Stage[];
}

/** Closes with the test or the file. */
export async function startStagedModelApi(...stages: Stage[]): Promise<StagedModelApi> {
  const requests: StagedRequest[] = [];
  const server = createServer((message, response) => {
    let text = '';
    message.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    message.on('end', () => {
      const hungUp = new Promise<void>((resolve) => {
        response.on('close', () => {
          if (!response.writableFinished) resolve();
        });
      });
      const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
      const request = { path: message.url ?? '', headers: message.headers, body, hungUp };
      requests.push(request);
      const stage = staged.stages[Math.min(requests.length, staged.stages.length) - 1];
      void stage?.(request, response);
    });
  });
  const port = await listen(server);
  const staged: StagedModelApi = {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    stages,
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  cleanUpLater(() => staged[Symbol.asyncDispose]());
  return staged;
}

export const openStream = (response: ServerResponse, headers: Record<string, string> = {}): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
};

export const sendChunk = (response: ServerResponse, chunk: object): void => {
  response.write(`data: ${JSON.stringify(chunk)}\n\n`);
};

export const endStream = (response: ServerResponse): void => {
  response.end('data: [DONE]\n\n');
};

export const toChunk = (delta: object | null, finishReason: string | null = null, others: object = {}): object => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta, finish_reason: finishReason }],
  ...others,
});

export const USAGE = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };

/** A valid stream of these chunks. */
export const streamOf =
  (...chunks: object[]): Stage =>
  (_request, response) => {
    openStream(response, { 'x-request-id': 'req_staged' });
    for (const chunk of chunks) sendChunk(response, chunk);
    endStream(response);
  };

/** The response of a typical server: the text in words, and its usage. */
export const textStage = (text: string): Stage =>
  streamOf(...(text.match(/\S+\s*/g) ?? []).map((word) => toChunk({ content: word })), toChunk({}, 'stop'), {
    ...toChunk({}),
    choices: [],
    usage: USAGE,
  });

/** Function calls in the form in which OpenAI streams them. */
export const callStage = (...calls: { readonly name: string; readonly arguments: string }[]): Stage =>
  streamOf(
    ...calls.flatMap((call, index) => [
      toChunk({
        tool_calls: [
          { index, id: `call_staged${index}`, type: 'function', function: { name: call.name, arguments: '' } },
        ],
      }),
      ...(call.arguments.match(/.{1,6}/gs) ?? []).map((piece) =>
        toChunk({ tool_calls: [{ index, function: { arguments: piece } }] }),
      ),
    ]),
    toChunk({}, 'tool_calls'),
    { ...toChunk({}), choices: [], usage: USAGE },
  );

/** An error response. */
export const errorStage =
  (status: number, body: unknown, headers: Record<string, string> = {}): Stage =>
  (_request, response) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, {
      'content-type': typeof body === 'string' ? 'text/html' : 'application/json',
      'x-request-id': 'req_failed',
      ...headers,
    });
    response.end(text);
  };
