// Checks every response and every event of the embedded APIs that the tests of a file start in this process, whichever
// client reads them. Importing this file is enough: what does not conform fails the test.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { afterAll, afterEach } from '@jest/globals';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { problemsOfEvent, problemsOfResponse } from './responses.ts';

const CHANNEL = 'fastify.initialization';
const problems = new Set<string>();

/** Fastify publishes each server that is created. Only the embedded API decorates its requests with a caller. */
function onServer(message: unknown): void {
  const { fastify } = message as { readonly fastify: FastifyInstance };
  fastify.addHook('onRequest', (request, reply, done) => {
    if (fastify.hasRequestDecorator('caller')) checkSentResponse(request, reply.raw);
    done();
  });
}
subscribe(CHANNEL, onServer);

afterEach(() => {
  const found = [...problems];
  problems.clear();
  if (found.length > 0)
    throw new Error(`The embedded API sent what the types of the SDK do not allow:\n${found.join('\n')}`);
});
afterAll(() => {
  unsubscribe(CHANNEL, onServer);
});

function checkSentResponse({ method, url }: FastifyRequest, response: ServerResponse): void {
  const decoder = new StringDecoder();
  let text = '';
  let isStream = false;
  const add = (chunk: unknown) => {
    if (typeof chunk === 'string') text += chunk;
    else if (chunk instanceof Uint8Array) text += decoder.write(Buffer.from(chunk));
    if (text.startsWith('{')) return;
    const frames = text.split('\n\n');
    text = frames.pop() ?? '';
    isStream ||= frames.length > 0;
    for (const frame of frames) report(`${method} ${url}`, frame, problemsOfEvent(frame));
  };
  response.write = new Proxy(response.write.bind(response), {
    apply: (target, self, args: unknown[]) => {
      add(args[0]);
      return Reflect.apply(target, self, args) as boolean;
    },
  });
  response.end = new Proxy(response.end.bind(response), {
    apply: (target, self, args: unknown[]) => {
      add(args[0]);
      const sent = { method, url, status: response.statusCode, body: text };
      // Nothing is left of a stream: each of its events ends with an empty line.
      if (text !== '' || !isStream) report(`${method} ${url}`, text, problemsOfResponse(sent));
      return Reflect.apply(target, self, args) as ServerResponse;
    },
  });
}

function report(request: string, sent: string, problem: string | undefined): void {
  if (problem !== undefined && problems.size < 10) problems.add(`${request}: ${problem}\n  in ${sent.slice(0, 2000)}`);
}
