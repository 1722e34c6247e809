/**
 * `npm run seed`: creates example assistants and a conversation in a running service, through its GraphQL API. An earlier
 * run's objects are recognised by `seed` in their metadata and are not created again.
 */
import { readDotEnv } from '../runtime/environment.ts';
import { seedAssistants, seedConversation } from './seed-assistants.ts';

const USAGE = `Creates a few example assistants and a conversation in a running service.

  npm run seed                          the service on http://127.0.0.1:PORT; PORT is 4000 if it is not set
  npm run seed -- http://host:port      another service

PORT is read from the environment or from a file .env in the working directory, as the service reads it.
Set AIML_API_KEY to send it as "Authorization: Bearer …" (for AUTH_MODE=passthrough).
`;

interface Seeded {
  readonly id: string;
  readonly metadata: Readonly<Record<string, string>>;
}

interface GraphQLResponse {
  readonly data?: {
    readonly assistants?: {
      readonly nodes: readonly Seeded[];
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
    };
    readonly threads?: { readonly nodes: readonly Omit<Seeded, 'id'>[] };
    readonly createThreadAndRun?: {
      readonly thread: { readonly id: string } | null;
      readonly userErrors: readonly { readonly message: string }[];
    };
    readonly createAssistant?: {
      readonly assistant: { readonly id: string } | null;
      readonly userErrors: readonly { readonly message: string }[];
    };
  } | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
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

/** Where `npm start` listens with the same settings. With PORT=0 only the service knows its port. */
function defaultAddress(): string {
  const port = process.env['PORT'] ?? readDotEnv()['PORT'] ?? '';
  return `http://127.0.0.1:${['', '0'].includes(port.trim()) ? '4000' : port.trim()}`;
}

async function main([address = defaultAddress()]: readonly string[]): Promise<void> {
  if (address === '--help' || address === '-h') {
    process.stdout.write(USAGE);
    return;
  }
  if (!/^https?:/.test(address) || !URL.canParse(address))
    throw new Error('the address of the service must be a URL such as http://127.0.0.1:4000');
  const url = new URL('/graphql', address);
  const seeded = await findSeeded(url);
  for (const [index, input] of seedAssistants.entries()) {
    const progress = `${index + 1}/${seedAssistants.length}`;
    if (seeded.has(input.metadata.seed)) {
      process.stdout.write(`${progress} ${input.name}: already there\n`);
      continue;
    }
    const { data } = await send(url, CREATE, { input });
    const rejection = data?.createAssistant?.userErrors[0];
    if (rejection) throw new Error(rejection.message);
    const id = data?.createAssistant?.assistant?.id ?? '';
    seeded.set(input.metadata.seed, id);
    process.stdout.write(`${progress} ${input.name}: ${id}\n`);
  }
  process.stdout.write(`a conversation: ${await converse(url, seeded)}\n`);
}

/** Creates the conversation if it does not exist. Returns the result in words. */
async function converse(url: URL, seeded: ReadonlyMap<string | undefined, string>): Promise<string> {
  const { assistantSeed, seed, text } = seedConversation;
  const { data: listed, errors = [] } = await send(url, THREADS, {}, 'UNSUPPORTED_BY_UPSTREAM');
  // If threads cannot be listed, the next run would not find it and would create, and pay for, another one.
  if (errors.length > 0) return 'left out, as this upstream cannot list threads';
  if (listed?.threads?.nodes.some(({ metadata }) => metadata['seed'] === seed) === true) return 'already there';
  const assistantId = seeded.get(assistantSeed) ?? '';
  const metadata = { seed, title: text, assistant_id: assistantId };
  const thread = { messages: [{ text }], metadata };
  const { data } = await send(url, CONVERSE, { input: { assistantId, thread, waitSeconds: 20 } });
  const problem = data?.createThreadAndRun?.userErrors[0];
  if (problem) throw new Error(problem.message);
  return `${assistantId} in ${data?.createThreadAndRun?.thread?.id ?? ''}`;
}

async function findSeeded(url: URL): Promise<Map<string | undefined, string>> {
  const seeds = new Map<string | undefined, string>();
  let after: string | null = null;
  do {
    const { data }: GraphQLResponse = await send(url, LIST, { after });
    for (const { id, metadata } of data?.assistants?.nodes ?? []) seeds.set(metadata['seed'], id);
    const pageInfo = data?.assistants?.pageInfo;
    after = pageInfo?.hasNextPage === true ? pageInfo.endCursor : null;
  } while (after !== null);
  return seeds;
}

/** Errors other than of the code `expected` are thrown. */
async function send(url: URL, query: string, variables: unknown, expected?: string): Promise<GraphQLResponse> {
  const key = process.env['AIML_API_KEY'];
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key.trim()}` }) },
    body: JSON.stringify({ query, variables }),
  }).catch(() => {
    throw new Error(
      `no service responds at ${url.origin}: start one with "npm start", or give its address: npm run seed -- http://host:port`,
    );
  });
  const reply = (await response.json().catch(() => {
    throw new Error(`${url.origin} is another service: give the address: npm run seed -- http://host:port`);
  })) as GraphQLResponse;
  const [error] = reply.errors ?? [];
  if (error?.extensions?.code === 'UNAUTHENTICATED')
    throw new Error('the service requires a credential: set AIML_API_KEY to one that it accepts');
  if (error && (expected === undefined || error.extensions?.code !== expected)) throw new Error(error.message);
  return reply;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`seed: ${error instanceof Error ? error.message : 'failed'}\n`);
  process.exitCode = 1;
});
