// The part of upstream's message that reaches callers, through the whole service.
import dns from 'node:dns';
import { expect, jest, test } from '@jest/globals';
import { sendJson, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startService } from '../support/service.ts';

const KEY = 'Zk9-secretKeyOfTheService';
const CREATE = 'mutation ($model: String!) { createAssistant(input: { model: $model }) { userErrors { message } } }';

async function startEchoing(toMessage: (model: string, host: string) => string, host = 'localhost') {
  const upstream = await startScriptedUpstream(({ body, headers }, response) => {
    const { model } = body as { readonly model: string };
    sendJson(response, 400, { message: toMessage(model, headers.host ?? ''), statusCode: 400 });
  });
  const { port } = new URL(upstream.url);
  const service = await startService({ AIML_API_KEY: KEY, AIML_API_BASE_URL: `http://${host}:${port}` });
  return { service, port };
}

async function messageOf({ service }: Awaited<ReturnType<typeof startEchoing>>, model: string): Promise<string> {
  const { data } = await service.query(CREATE, { model });
  return (data?.['createAssistant'] as { userErrors: { message: string }[] }).userErrors[0]?.message ?? '';
}

/** Resolves every host to loopback. */
function resolveToLoopback(): void {
  const lookup = dns.lookup as (...args: unknown[]) => void;
  jest.spyOn(dns, 'lookup').mockImplementation((_hostname: string, ...rest: unknown[]) => lookup('127.0.0.1', ...rest));
}

test.each(['localhost', 'aiml', 'api.upstream.example'])(
  'callers never see the host %s of upstream in a reason',
  async (name) => {
    resolveToLoopback();
    const started = await startEchoing(
      (_, host) => `No route to ${host}, ${host.toUpperCase()} or ${host.split(':')[0]}.`,
      name,
    );
    const message = await messageOf(started, 'm');
    expect(message).toContain('No route to [removed]');
    expect(message.toLowerCase()).not.toContain(name);
    expect(message).not.toContain(started.port);
  },
);

test.each(['gpt-4o-mini-2024-07-18', 'claude-3-5-sonnet-20241022', 'x7k2m9q4w8e3r6t1y5u0'])(
  'a reason still names the model %s that the caller sent',
  async (model) => {
    const started = await startEchoing((name) => `The requested model '${name}' cannot be used.`);
    expect(await messageOf(started, model)).toContain(`'${model}'`);
  },
);
