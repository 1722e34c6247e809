// The caches of operations are bounded: a process with little memory serves any number of different operations.
import { afterAll, beforeAll, expect, jest } from '@jest/globals';
import { listeningUrl, runProcess, type RunningProcess } from '../support/process.ts';
import { sendJson, startScriptedUpstream, wireAssistant, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { slowTest } from '../support/slow.ts';
import { query } from '../support/service.ts';

/** In MiB: three times the limit of the caches, and a third of what the flood would take without it. */
const CAPACITY = 150;
const OPERATIONS = 400;
const AT_ONCE = 20;

/** A document with nearly the maximum of tokens, and short enough to be cached. */
const toDocument = (name: string): string =>
  `query ${name}($ids: [ID!]! = [${'1 '.repeat(4800)}]) { nodes(ids: $ids) { id } }`;

let upstream: ScriptedUpstream;
let service: RunningProcess;
let url: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream((_call, response) => sendJson(response, 200, wireAssistant('asst_1')));
  service = runProcess({
    AIML_API_KEY: 'test-key',
    AIML_API_BASE_URL: upstream.url,
    NODE_OPTIONS: `--max-old-space-size=${CAPACITY}`,
  });
  url = await listeningUrl(service);
});
afterAll(async () => {
  service.child.kill('SIGKILL');
  await service.exit;
  await upstream.stop();
});

/** The test takes some seconds of CPU time. */
jest.setTimeout(300_000);

slowTest('a flood of different operations is served in constant memory', async () => {
  const names = Array.from({ length: OPERATIONS }, (_, index) => `Q${index}`);
  while (names.length > 0)
    await Promise.all(
      names.splice(0, AT_ONCE).map(async (name) => {
        const { status, data } = await query(url, toDocument(name), { ids: ['asst_1'] });
        expect({ status, data }).toEqual({ status: 200, data: { nodes: [{ id: 'asst_1' }] } });
      }),
    );
  expect(service.child.exitCode).toBeNull();
});
