// How often large bodies start a full garbage collection of the process.
import { expect, test } from '@jest/globals';
import { cleanUpLater } from '../support/cleanup.ts';
import { listeningUrl, runProcess } from '../support/process.ts';
import { startRawUpstream } from '../support/raw-upstream.ts';
import { json, workingBody } from '../support/raw-responses.ts';
import { query } from '../support/service.ts';

const REQUESTS = 40;
const CREATE = 'mutation ($i: CreateAssistantInput!) { createAssistant(input: $i) { assistant { instructions } } }';
const tool = { function: { name: 'f', parameters: { text: 'x'.repeat(1_700_000) } } };
const input = { model: 'm', instructions: 'x'.repeat(200_000), tools: [tool] };

test('few of many large requests in sequence start one', async () => {
  const upstream = await startRawUpstream({
    response: (socket, request) => json(200, workingBody(request))(socket, request),
  });
  cleanUpLater(() => upstream.stop());
  const url = await listeningUrl(runProcess({ AIML_API_KEY: 'key', AIML_API_BASE_URL: upstream.url }));
  const collections = async (): Promise<number> => {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    return Number(/^nodejs_gc_duration_seconds_count\{kind="major"\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
  };
  const send = async (): Promise<void> => {
    for (let count = 0; count < REQUESTS; count += 1) await query(url, CREATE, { i: input });
  };
  // The first ones also load and compile code.
  await send();
  const before = await collections();
  await send();
  expect((await collections()) - before).toBeLessThan(REQUESTS / 3);
});
