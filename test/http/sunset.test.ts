// The AIML API no longer has assistants: the start, the landing page and the errors say what to do.
import { describe, expect, test } from '@jest/globals';
import { listeningUrl, runProcess } from '../support/process.ts';
import { sendJson, startScriptedUpstream, wireAssistant } from '../support/scripted-upstream.ts';
import { query, startServiceOn } from '../support/service.ts';
import { until } from '../support/until.ts';

const LINE = 'the account has no assistants at the AIML API: start with UPSTREAM=local';

const noticeOf = async (url: string): Promise<unknown> =>
  ((await (await fetch(url, { headers: { accept: 'application/json' } })).json()) as { notice?: unknown }).notice;

const startProcess = (url: string, environment: Readonly<Record<string, string>> = {}) =>
  runProcess({ AIML_API_KEY: 'test-key', AIML_API_BASE_URL: url, EXPLORER: 'true', ...environment });

describe('the probe at the start', () => {
  test.each([404, 410])(
    'detects a %s with one request; the log, the landing page and errors say what to do',
    async (status) => {
      const upstream = await startScriptedUpstream((_call, response) => sendJson(response, status, {}), {
        seesProbe: true,
      });
      const service = startProcess(upstream.url);
      const url = await listeningUrl(service);
      await until(() => service.output().includes(LINE));
      expect(upstream.calls.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /assistants?limit=1']);
      expect(await noticeOf(url)).toContain('UPSTREAM=local');
      const { errors } = await query(url, '{ assistants { nodes { id } } }');
      expect(errors?.[0]?.message).toContain('UPSTREAM=local');
      expect(errors?.[0]?.message).toContain('AIML_API_KEY');
      expect(service.output()).not.toContain('test-key');
    },
  );

  test.each([200, 401, 429, 500, 503])('reports nothing for a %s, and is not repeated', async (status) => {
    const upstream = await startScriptedUpstream(
      (_call, response) =>
        sendJson(response, status, status === 200 ? { object: 'list', data: [], has_more: false } : {}),
      { seesProbe: true },
    );
    const service = await startServiceOn(upstream, { AIML_API_KEY: 'test-key', EXPLORER: 'true' });
    await service.probe();
    expect(upstream.calls).toHaveLength(1);
    expect(service.logs.filter(({ msg }) => String(msg).includes(LINE))).toEqual([]);
    expect(await noticeOf(service.url)).toBeUndefined();
  });

  test('delays nothing while upstream does not respond', async () => {
    const upstream = await startScriptedUpstream(
      ({ path }, response) => {
        if (!path.includes('?')) sendJson(response, 200, wireAssistant('asst_1'));
      },
      { seesProbe: true },
    );
    const service = startProcess(upstream.url, { SHUTDOWN_TIMEOUT_MS: '200' });
    const url = await listeningUrl(service);
    await until(() => upstream.calls.length === 1);
    expect((await query(url, '{ assistant(id: "asst_1") { id } }')).errors).toBeUndefined();
    service.child.kill('SIGTERM');
    expect(await service.exit).toBe(0);
  });

  test('is not sent if clients send their own keys', async () => {
    const upstream = await startScriptedUpstream((_call, response) => sendJson(response, 404, {}), { seesProbe: true });
    const service = await startServiceOn(upstream, { AUTH_MODE: 'passthrough' });
    await service.probe();
    expect(upstream.calls).toEqual([]);
  });
});
