/**
 * `npm run seed`: creates example assistants and conversations in a running service, through its GraphQL API. An earlier
 * run's objects are recognised by `seed` in their metadata and are not created again.
 */
import { seedAssistants, seedConversations } from './seed-assistants.ts';
import { ServiceClient, ServiceRequestError } from './service-client.ts';
import { readList } from './transfer/pages.ts';

const USAGE = `Creates a few example assistants and conversations in a running service.

  npm run seed                          the service on http://127.0.0.1:PORT; PORT is 4000 if it is not set
  npm run seed -- http://host:port      another service

PORT is read from the environment or from a file .env in the working directory, as the service reads it.
Set AIML_API_KEY to send it as "Authorization: Bearer …" (for AUTH_MODE=passthrough).
`;

interface Seeded {
  readonly id: string;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Threads {
  readonly threads: { readonly nodes: readonly Omit<Seeded, 'id'>[] };
}

interface CreatedAssistant {
  readonly createAssistant: {
    readonly assistant: { readonly id: string } | null;
    readonly userErrors: readonly { readonly message: string }[];
  };
}

interface Conversation {
  readonly createThreadAndRun: {
    readonly thread: { readonly id: string } | null;
    readonly userErrors: readonly { readonly message: string }[];
  };
}

const LIST = `query Seeded($after: String) {
  assistants(first: 100, after: $after) { nodes { id metadata } pageInfo { hasNextPage endCursor } }
}`;
const CREATE = `mutation Seed($input: CreateAssistantInput!) {
  createAssistant(input: $input) { assistant { id } userErrors { message } }
}`;

/** The newest hundred are enough: an account with more conversations needs no example. */
const THREADS = `query SeededThreads { threads(first: 100) { nodes { metadata } } }`;
const CONVERSE = `mutation SeedConversation($input: CreateThreadAndRunInput!) {
  createThreadAndRun(input: $input) { thread { id } userErrors { message } }
}`;

async function main([address]: readonly string[]): Promise<void> {
  if (address === '--help' || address === '-h') {
    process.stdout.write(USAGE);
    return;
  }
  const client = new ServiceClient(address, 'npm run seed -- http://host:port');
  const seeded = new Map<string | undefined, string>();
  for await (const { id, metadata } of readList<Seeded>(client, { query: LIST, path: ['assistants'] }))
    seeded.set(metadata['seed'], id);
  for (const [index, input] of seedAssistants.entries()) {
    const progress = `${index + 1}/${seedAssistants.length}`;
    if (seeded.has(input.metadata.seed)) {
      process.stdout.write(`${progress} ${input.name}: already there\n`);
      continue;
    }
    const { data } = await client.send<CreatedAssistant>(CREATE, { input });
    const rejection = data?.createAssistant.userErrors[0];
    if (rejection) throw new Error(rejection.message);
    const id = data?.createAssistant.assistant?.id ?? '';
    seeded.set(input.metadata.seed, id);
    process.stdout.write(`${progress} ${input.name}: ${id}\n`);
  }
  for (const conversation of seedConversations)
    process.stdout.write(`a conversation: ${await converse(client, seeded, conversation)}\n`);
}

/** Creates the conversation if it does not exist. Returns the result in words. */
async function converse(
  client: ServiceClient,
  seeded: ReadonlyMap<string | undefined, string>,
  { assistantSeed, seed, text }: (typeof seedConversations)[number],
): Promise<string> {
  const listed = await listThreads(client);
  // If threads cannot be listed, the next run would not find it and would create, and pay for, another one.
  if (listed === null) return 'left out, as this upstream cannot list threads';
  if (listed.some(({ metadata }) => metadata['seed'] === seed)) return 'already there';
  const assistantId = seeded.get(assistantSeed) ?? '';
  const metadata = { seed, title: text, assistant_id: assistantId };
  const thread = { messages: [{ text }], metadata };
  const { data } = await client.send<Conversation>(CONVERSE, { input: { assistantId, thread, waitSeconds: 20 } });
  const problem = data?.createThreadAndRun.userErrors[0];
  if (problem) throw new Error(problem.message);
  return `${assistantId} in ${data?.createThreadAndRun.thread?.id ?? ''}`;
}

/** Null if the upstream cannot list threads. */
async function listThreads(client: ServiceClient): Promise<Threads['threads']['nodes'] | null> {
  try {
    return (await client.send<Threads>(THREADS, {})).data?.threads.nodes ?? [];
  } catch (error) {
    if (error instanceof ServiceRequestError && error.code === 'UNSUPPORTED_BY_UPSTREAM') return null;
    throw error;
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`seed: ${error instanceof Error ? error.message : 'failed'}\n`);
  process.exitCode = 1;
});
