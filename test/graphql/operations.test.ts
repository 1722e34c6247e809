import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Kind, OperationTypeNode, parse, validate, type OperationDefinitionNode } from 'graphql';
import { buildServiceSchema } from '../../src/graphql/schema/schema.ts';
import { readSse, subscribe } from '../support/run-events.ts';
import { startService, type TestService } from '../support/service.ts';
import { startRecordedService, type RecordedService } from './recorded-service.ts';

const FOLDER = 'schema/operations';
/** The number of upstream calls of the examples that make more or less than one. */
const CALLS: Readonly<Record<string, number>> = { 'nodes.graphql': 2 };

const schema = buildServiceSchema();
const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.graphql'));
const read = (file: string): Promise<string> => readFile(`${FOLDER}/${file}`, 'utf8');
const variablesOf = (file: string): Promise<string> => read(file.replace(/\.graphql$/, '.variables.json'));
const operationsOf = (document: string): OperationDefinitionNode[] =>
  parse(document).definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);

const isAboutAssistants = (file: string): boolean => /assistant|^node/.test(file);

let service: RecordedService;
let embedded: TestService;
beforeAll(async () => {
  service = await startRecordedService();
  embedded = await startService({ UPSTREAM: 'local' });
});
afterAll(async () => {
  await service.stop();
  await embedded.stop();
});

describe('the example operations', () => {
  test('use every field of Query, Mutation and Subscription', async () => {
    const used = (await Promise.all(files.map(read))).flatMap((document) =>
      operationsOf(document).flatMap(({ selectionSet }) =>
        selectionSet.selections.map((selection) => (selection.kind === Kind.FIELD ? selection.name.value : '')),
      ),
    );
    const fields = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((type) =>
      Object.keys(type?.getFields() ?? {}),
    );
    expect(new Set(used)).toEqual(new Set(fields));
  });

  test.each(files)('%s is valid, has a name and a description', async (file) => {
    const document = await read(file);
    expect(validate(schema, parse(document))).toEqual([]);
    expect(document).toMatch(/^# \S/);
    const [operation, ...others] = operationsOf(document);
    expect(others).toEqual([]);
    const fileName = operation?.name?.value.replace(/(?!^)[A-Z]/g, '-$&').toLowerCase();
    expect(`${fileName ?? ''}.graphql`).toBe(file);
  });

  test.each(files.filter(isAboutAssistants))('%s runs with its sample variables in one call', async (file) => {
    const { createAssistant } = await service.data<{ createAssistant: { assistant: { id: string } } }>(
      'mutation { createAssistant(input: { model: "m", name: "sample" }) { assistant { id } } }',
    );
    service.upstreamCalls();
    expectSuccess(await run(service, file, { asst_abc123: createAssistant.assistant.id }));
    expect(service.upstreamCalls()).toHaveLength(CALLS[file] ?? 1);
  });

  test.each(files.filter((file) => !isAboutAssistants(file)))('%s runs on a conversation', async (file) => {
    const samples = await createConversation();
    expectSuccess(
      await run(embedded, file, NEEDS_IDLE_THREAD.has(file) ? { ...samples, ...(await createThread()) } : samples),
    );
  });
});

type Samples = Readonly<Record<string, string>>;

/** Replaces the sample ids in the variables by ids of objects that the test has created. */
async function run(target: TestService, file: string, samples: Samples): Promise<Record<string, unknown>> {
  let variables = await variablesOf(file);
  for (const [sample, id] of Object.entries(samples)) variables = variables.replaceAll(sample, id);
  const document = await read(file);
  if (operationsOf(document)[0]?.operation === OperationTypeNode.SUBSCRIPTION) {
    const query = { query: document };
    for await (const { data, errors } of readSse(await subscribe(target, JSON.parse(variables) as object, query))) {
      if (data && !errors) return data;
      break;
    }
    throw new Error('an event was expected');
  }
  const { data, errors, text } = await target.query(document, JSON.parse(variables));
  if (!data || errors) throw new Error(`data was expected, got ${text}`);
  return data;
}

function expectSuccess(data: Record<string, unknown>): void {
  for (const payload of Object.values(data) as { readonly userErrors?: unknown }[]) {
    expect(payload).toBeTruthy();
    expect(payload.userErrors ?? []).toEqual([]);
  }
}

/** Operations that upstream rejects while a run of the thread is active. */
const NEEDS_IDLE_THREAD: ReadonlySet<string> = new Set(['create-message.graphql', 'create-run.graphql']);

async function createThread(): Promise<Samples> {
  const { data } = await embedded.query('mutation { createThread(input: {}) { thread { id } } }');
  return { thread_abc123: (data as { createThread: { thread: { id: string } } }).createThread.thread.id };
}

/** A thread with a run that waits for a tool output. */
async function createConversation(): Promise<Samples> {
  const { data } = await embedded.query(
    `mutation ($assistant: CreateAssistantInput!) { createAssistant(input: $assistant) { assistant { id } } }`,
    { assistant: { model: 'm', name: 'sample', tools: [{ function: { name: 'get_weather' } }] } },
  );
  const assistantId = (data as { createAssistant: { assistant: { id: string } } }).createAssistant.assistant.id;
  const start = await embedded.query(
    `mutation ($input: CreateThreadAndRunInput!) {
      createThreadAndRun(input: $input) {
        run { id threadId requiredToolCalls { id } thread { messages(first: 1) { nodes { id } } } }
      }
    }`,
    { input: { assistantId, thread: { messages: [{ text: '/tool get_weather {}' }] }, waitSeconds: 20 } },
  );
  const { run: waiting } = (start.data as { createThreadAndRun: { run: WaitingRun } }).createThreadAndRun;
  return {
    asst_abc123: assistantId,
    thread_abc123: waiting.threadId,
    run_abc123: waiting.id,
    call_abc123: waiting.requiredToolCalls[0]?.id ?? '',
    msg_abc123: waiting.thread.messages.nodes[0]?.id ?? '',
  };
}

interface WaitingRun {
  readonly id: string;
  readonly threadId: string;
  readonly requiredToolCalls: readonly { readonly id: string }[];
  readonly thread: { readonly messages: { readonly nodes: readonly { readonly id: string }[] } };
}
