/**
 * `npm run seed`: gives a running service a handful of assistants to look at, through its GraphQL API like any client.
 * An assistant that an earlier run created is recognised by its `seed` in the metadata and left alone.
 */
import { seedAssistants } from './seed-assistants.ts';

const USAGE = `Creates a few example assistants in a running service.

  npm run seed                          the service on http://127.0.0.1:4000
  npm run seed -- http://host:port      another one

Set AIML_API_KEY to send it as "Authorization: Bearer …" (for AUTH_MODE=passthrough).
`;

interface Answer {
  readonly data?: {
    readonly assistants?: {
      readonly nodes: readonly { readonly metadata: Readonly<Record<string, string>> }[];
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
    };
    readonly createAssistant?: {
      readonly assistant: { readonly id: string } | null;
      readonly userErrors: readonly { readonly message: string }[];
    };
  } | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

const LIST = `query Seeded($after: String) {
  assistants(first: 100, after: $after) { nodes { metadata } pageInfo { hasNextPage endCursor } }
}`;
const CREATE = `mutation Seed($input: CreateAssistantInput!) {
  createAssistant(input: $input) { assistant { id } userErrors { message } }
}`;

async function main([address = 'http://127.0.0.1:4000']: readonly string[]): Promise<void> {
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
    const refusal = data?.createAssistant?.userErrors[0];
    if (refusal) throw new Error(refusal.message);
    process.stdout.write(`${progress} ${input.name}: ${data?.createAssistant?.assistant?.id ?? ''}\n`);
  }
}

async function findSeeded(url: URL): Promise<ReadonlySet<string | undefined>> {
  const seeds = new Set<string | undefined>();
  let after: string | null = null;
  do {
    const { data }: Answer = await send(url, LIST, { after });
    for (const { metadata } of data?.assistants?.nodes ?? []) seeds.add(metadata['seed']);
    const pageInfo = data?.assistants?.pageInfo;
    after = pageInfo?.hasNextPage === true ? pageInfo.endCursor : null;
  } while (after !== null);
  return seeds;
}

async function send(url: URL, query: string, variables: unknown): Promise<Answer> {
  const key = process.env['AIML_API_KEY'];
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key.trim()}` }) },
    body: JSON.stringify({ query, variables }),
  }).catch(() => {
    throw new Error('no service answers there: start one with "npm start", or give its address');
  });
  const answer = (await response.json().catch(() => {
    throw new Error('what answers there is not this service: give its address');
  })) as Answer;
  const [error] = answer.errors ?? [];
  if (error?.extensions?.code === 'UNAUTHENTICATED')
    throw new Error('the service does not know who is calling: set AIML_API_KEY to a credential that it takes');
  if (error) throw new Error(error.message);
  return answer;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`seed: ${error instanceof Error ? error.message : 'failed'}\n`);
  process.exitCode = 1;
});
