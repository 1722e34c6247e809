// `npm run export` and `npm run import` between two services. Needs the build.
import { execFile } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { takePort } from '../support/port.ts';
import { runProcess } from '../support/process.ts';
import { sendJson, startScriptedUpstream, type wireAssistant } from '../support/scripted-upstream.ts';
import { startService, startServiceOn, type TestService } from '../support/service.ts';
import { runsSlowTests, slowTest } from '../support/slow.ts';
import { ASSISTANTS, startAimlAccount, WITH_UNKNOWN_TOOL } from './aiml-account.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'transfer-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function run(command: 'export' | 'import', service: TestService, ...args: readonly string[]) {
  const file = join(folder, 'account.ndjson');
  const started = runProcess({}, { entry: `commands/${command}.js`, args: [file, '--address', service.url, ...args] });
  return { code: await started.exit, output: started.output() };
}

const readLines = async (): Promise<readonly string[]> =>
  (await readFile(join(folder, 'account.ndjson'), 'utf8')).trimEnd().split('\n');

interface Line {
  readonly type: string;
  readonly input: { readonly metadata: Record<string, string> };
}

/** The inputs in the file, without the metadata that an import adds. */
const inputs = async (): Promise<readonly unknown[]> =>
  (await readLines()).slice(1).map((line) => {
    const { type, input } = JSON.parse(line) as Line;
    const metadata = Object.fromEntries(Object.entries(input.metadata).filter(([name]) => name !== 'imported_from'));
    return { type, input: { ...input, metadata } };
  });

/** What the AIML API holds, without the id and the pairs that the import and the service add to the metadata. */
function withoutOrigin(assistant: ReturnType<typeof wireAssistant>): object {
  const own = Object.entries(assistant.metadata).filter(
    ([name]) => !['imported_from', 'idempotency_key'].includes(name),
  );
  return { ...assistant, id: '', metadata: Object.fromEntries(own) };
}

const FULL = {
  model: 'gpt-4o',
  name: 'Ünïcode "quotes"\n\u2028',
  description: 'All there is',
  instructions: 'x'.repeat(5000),
  tools: [
    { codeInterpreter: true },
    { fileSearch: { maxNumResults: 3, rankingOptions: { ranker: 'auto', scoreThreshold: 0.5 } } },
    { fileSearch: {} },
    {
      function: {
        name: 'look_up',
        description: 'Looks up',
        parameters: { type: 'object', properties: { a: { default: null } } },
        strict: false,
      },
    },
  ],
  toolResources: { codeInterpreter: { fileIds: ['file-1'] }, fileSearch: { vectorStoreIds: ['vs_1'] } },
  temperature: 0.5,
  topP: 0.25,
  responseFormat: { jsonSchema: { name: 'shape', schema: { type: 'object' }, strict: true } },
  metadata: { team: 'a', empty: '' },
};

async function create(service: TestService, field: string, type: string, input: unknown): Promise<string> {
  const result = await service.query(
    `mutation($input: ${type}!) { ${field}(input: $input) { created: ${field.slice(6).toLowerCase()} { id } userErrors { message } } }`,
    { input },
  );
  const payload = (result.data as Record<string, { created: { id: string } | null }> | undefined)?.[field];
  if (!payload?.created) throw new Error(JSON.stringify(result));
  return payload.created.id;
}

async function fill(service: TestService): Promise<void> {
  await create(service, 'createAssistant', 'CreateAssistantInput', FULL);
  for (const type of ['AUTO', 'TEXT', 'JSON_OBJECT'])
    await create(service, 'createAssistant', 'CreateAssistantInput', { model: 'gpt-4o', responseFormat: { type } });
  const threadId = await create(service, 'createThread', 'CreateThreadInput', { metadata: { topic: 'long' } });
  for (let index = 0; index < 30; index += 1)
    await create(service, 'createMessage', 'CreateMessageInput', {
      threadId,
      role: index % 2 === 0 ? 'USER' : 'ASSISTANT',
      text: `message ${index}`,
    });
  await create(service, 'createMessage', 'CreateMessageInput', {
    threadId,
    content: [{ text: 'look' }, { imageUrl: { url: 'https://example.com/a.png', detail: 'LOW' } }],
    attachments: [{ fileId: 'file-2', tools: ['CODE_INTERPRETER', 'FILE_SEARCH'] }],
    metadata: { kept: 'yes' },
  });
  await create(service, 'createThread', 'CreateThreadInput', {});
}

describe('moving an account from one service to another', () => {
  test('copies every field of assistants, threads and messages, and creates nothing twice if it is repeated', async () => {
    const [source, target] = [await startService(), await startService()];
    await fill(source);
    const exported = await run('export', source, '--threads');
    expect(exported).toMatchObject({ code: 0, output: expect.stringContaining('assistants: 4\n') });
    expect(exported.output).toContain('2/2');
    const original = await inputs();
    expect(original).toHaveLength(4 + 2 + 31);
    expect(original[0]).toMatchObject({ type: 'assistant', input: FULL });

    for (let round = 0; round < 2; round += 1)
      expect(await run('import', target)).toMatchObject({ code: 0, output: expect.stringContaining('4/4') });
    expect((await run('export', target, '--threads')).code).toBe(0);
    expect(await inputs()).toEqual(original);
    expect(await readdir(folder)).toEqual(['account.ndjson']);

    // Back to the first, in CI by way of a third service: nothing is created twice.
    const third = runsSlowTests ? [await startService()] : [];
    for (const service of [...third, target, source]) {
      expect((await run('import', service)).code).toBe(0);
      expect((await run('export', service, '--threads')).code).toBe(0);
      expect(new Set(await inputs())).toEqual(new Set(original));
    }
  });

  test('copies every field from the AIML API to the embedded one and back, and creates nothing twice', async () => {
    const account = await startAimlAccount([...ASSISTANTS, WITH_UNKNOWN_TOOL]);
    const [aiml, local] = [await startServiceOn(account.upstream), await startService()];
    const exported = await run('export', aiml, '--threads');
    expect(exported.code).toBe(0);
    // The mutation that creates an assistant has no input for it.
    expect(exported.output).toContain('asst_unknown: left out: a tool of a kind that is not known');
    expect(exported.output).toContain('threads: left out');
    for (let round = 0; round < 2; round += 1) {
      expect((await run('import', local)).code).toBe(0);
      expect((await run('export', local)).code).toBe(0);
    }
    expect(await readLines()).toHaveLength(1 + account.assistants.length);

    // The originals are still there.
    expect((await run('import', aiml)).code).toBe(0);
    expect(account.assistants).toHaveLength(ASSISTANTS.length + 1);

    const emptied = await startAimlAccount([]);
    const elsewhere = await startServiceOn(emptied.upstream);
    for (let round = 0; round < 2; round += 1) expect((await run('import', elsewhere)).code).toBe(0);
    const expected = [...ASSISTANTS, { ...WITH_UNKNOWN_TOOL, tools: WITH_UNKNOWN_TOOL.tools.slice(0, 1) }];
    expect(emptied.assistants.map(withoutOrigin)).toEqual(expected.map(withoutOrigin));
  });

  slowTest('a second import completes an interrupted one', async () => {
    const [source, target] = [await startService(), await startService()];
    await fill(source);
    expect((await run('export', source, '--threads')).code).toBe(0);
    const original = await inputs();
    const lines = await readLines();
    const file = join(folder, 'account.ndjson');
    await writeFile(file, `${lines.slice(0, 12).join('\n')}\n`);
    expect((await run('import', target)).code).toBe(0);
    await writeFile(file, `${lines.join('\n')}\n`);
    expect((await run('import', target)).code).toBe(0);
    expect((await run('export', target, '--threads')).code).toBe(0);
    expect(await inputs()).toEqual(original);
  });
});

const HEADER = JSON.stringify({
  type: 'header',
  format: 'assistants-graphql-export',
  version: 1,
  exportedAt: '2026-01-01T00:00:00.000Z',
});
const assistant = (id: string, input: object = { model: 'gpt-4o', metadata: {} }): string =>
  JSON.stringify({ type: 'assistant', id, input });

describe('an import of an invalid file', () => {
  const countOf = async (service: TestService): Promise<number> => {
    const { data } = await service.query('{ assistants { nodes { id } } }');
    return (data as { assistants: { nodes: unknown[] } }).assistants.nodes.length;
  };

  test.each([
    [
      'broken lines',
      [HEADER, assistant('a'), '{"type":', assistant('b', {}), 'secret'],
      ['line 3 is not JSON', 'line 4 has a wrong or missing "input.model"', 'line 5 is not JSON'],
    ],
    ['no header', [assistant('a')], ['line 1 is not the header of an export']],
    ['the same id twice', [HEADER, assistant('a'), assistant('a')], ['line 3 has the id of an earlier line']],
    [
      'a message without its thread',
      [HEADER, JSON.stringify({ type: 'message', id: 'm', threadId: 't', input: { role: 'USER', metadata: {} } })],
      ['line 2 is a message whose thread has no line before it'],
    ],
    ['nothing', [''], ['the file is empty']],
    ['a newer version', [HEADER.replace('"version":1', '"version":2')], ['line 1 has a wrong or missing "version"']],
  ])('reports %s and creates nothing', async (_, lines, problems) => {
    const service = await startService();
    await writeFile(join(folder, 'account.ndjson'), `${lines.join('\n')}\n`);
    const { code, output } = await run('import', service);
    expect(code).toBe(1);
    for (const problem of problems) expect(output).toContain(problem);
    expect(output).not.toContain('secret');
    expect(await countOf(service)).toBe(0);
  });

  test('reports the lines that the service rejects, and imports the others', async () => {
    const service = await startService();
    const tooHot = assistant('b', { model: 'gpt-4o', temperature: 7, metadata: {} });
    await writeFile(join(folder, 'account.ndjson'), `${[HEADER, assistant('a'), tooHot, assistant('c')].join('\n')}\n`);
    const { code, output } = await run('import', service);
    expect(code).toBe(1);
    expect(output).toContain('line 3: input.temperature');
    expect(await countOf(service)).toBe(2);
  });
});

slowTest('omits threads from and to an upstream that cannot list them', async () => {
  const local = await startService();
  await fill(local);
  // The AIML API has no list of threads.
  const upstream = await startScriptedUpstream((_call, response) => {
    sendJson(response, 200, { object: 'list', data: [], first_id: null, last_id: null, has_more: false });
  });
  const aiml = await startServiceOn(upstream);
  const { code, output } = await run('export', aiml, '--threads');
  expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('threads: left out') });
  expect((await run('export', local, '--threads')).code).toBe(0);
  await writeFile(
    join(folder, 'account.ndjson'),
    `${(await readLines()).filter((line) => !line.startsWith('{"type":"assistant"')).join('\n')}\n`,
  );
  expect(await run('import', aiml)).toMatchObject({ code: 1, output: expect.stringContaining('threads') });
});

test('a failed export leaves no file', async () => {
  const service = await startService({ PORT: String(await takePort()) });
  await service.stop();
  const { code, output } = await run('export', service);
  expect(code).toBe(1);
  expect(output).toContain('no service responds at');
  expect(await readdir(folder)).toEqual([]);
});

slowTest('an export replaces the file that a link leads to, and nothing that is no file', async () => {
  const service = await startService();
  const file = join(folder, 'account.ndjson');
  await symlink(join(folder, 'target.ndjson'), file);
  await writeFile(join(folder, 'target.ndjson'), 'old');
  expect((await run('export', service)).code).toBe(0);
  expect((await lstat(file)).isSymbolicLink()).toBe(true);
  expect(await readFile(join(folder, 'target.ndjson'), 'utf8')).toMatch(/^\{"type":"header"/);
  await rm(file);
  await mkdir(file);
  expect(await run('export', service)).toEqual({
    code: 1,
    output: 'export: give the name of a file, not of a folder or a pipe\n',
  });
  expect(await readdir(folder)).toEqual(['account.ndjson', 'target.ndjson']);
});

slowTest('an import continues when the reader of its output has ended', async () => {
  const source = await startService();
  for (const name of ['One', 'Two']) await create(source, 'createAssistant', 'CreateAssistantInput', { ...FULL, name });
  expect((await run('export', source)).code).toBe(0);
  const target = await startService();
  const command = 'node dist/commands/import.js "$1" --address "$2" 2>&1 | true; exit "${PIPESTATUS[0]}"';
  await promisify(execFile)('bash', ['-c', command, 'bash', join(folder, 'account.ndjson'), target.url]);
  const { data } = await target.query('{ assistants { nodes { name } } }');
  expect(data).toEqual({ assistants: { nodes: [{ name: 'Two' }, { name: 'One' }] } });
});
