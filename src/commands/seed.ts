/**
 * `npm run seed`: creates example assistants and conversations in a running service, through its GraphQL API. An earlier
 * run's objects are recognised by `seed` in their metadata and are not created again.
 */
import '../runtime/check-node-version.ts';
import { seedAssistants, seedConversations } from './seed-assistants.ts';
import { runCommand } from './run-command.ts';
import { ifSupported, ServiceClient, type Stored } from './service-client.ts';
import { CREATE_ASSISTANT, FIND_ASSISTANTS, FIND_THREADS } from './transfer/documents.ts';

const USAGE = `Creates a few example assistants and conversations in a running service.

  npm run seed                          the service on http://127.0.0.1:PORT; PORT is 4000 if it is not set
  npm run seed -- http://host:port      another service

PORT is read from the environment or from a file .env in the working directory, as the service reads it.
Set AIML_API_KEY to send it as "Authorization: Bearer …" (for AUTH_MODE=passthrough).
`;

const CONVERSE = `mutation SeedConversation($input: CreateThreadAndRunInput!) {
  createThreadAndRun(input: $input) { created: thread { id } userErrors { message field } }
}`;

const command = { usage: USAGE, options: {}, argument: 'address', prefix: 'seed: ' };

await runCommand(command, async (_, address) => {
  const client = new ServiceClient(address, 'npm run seed -- http://host:port');
  const seeded = new Map<string | undefined, string>();
  for await (const { id, metadata } of client.list<Stored>({ query: FIND_ASSISTANTS, path: ['assistants'] }))
    seeded.set(metadata['seed'], id);
  for (const [index, input] of seedAssistants.entries()) {
    const progress = `${index + 1}/${seedAssistants.length} ${input.name}`;
    if (seeded.has(input.metadata.seed)) {
      process.stdout.write(`${progress}: already there\n`);
      continue;
    }
    const id = await create(client, CREATE_ASSISTANT, input);
    seeded.set(input.metadata.seed, id);
    process.stdout.write(`${progress}: ${id}\n`);
  }
  for (const conversation of seedConversations)
    process.stdout.write(`a conversation: ${await converse(client, seeded, conversation)}\n`);
  return 0;
});

/** Creates the conversation if it does not exist. Returns the result in words. */
async function converse(
  client: ServiceClient,
  seeded: ReadonlyMap<string | undefined, string>,
  { assistantSeed, seed, text }: (typeof seedConversations)[number],
): Promise<string> {
  // The newest hundred are enough: an account with more conversations needs no example.
  const listed = await ifSupported(client.send<{ threads: { nodes: readonly Stored[] } }>(FIND_THREADS, {}));
  // If threads cannot be listed, the next run would not find it and would create, and pay for, another one.
  if (listed === null) return 'left out, as this upstream cannot list threads';
  if (listed.threads.nodes.some(({ metadata }) => metadata['seed'] === seed)) return 'already there';
  const assistantId = seeded.get(assistantSeed) ?? '';
  const metadata = { seed, title: text, assistant_id: assistantId };
  const thread = { messages: [{ text }], metadata };
  return `${assistantId} in ${await create(client, CONVERSE, { assistantId, thread, waitSeconds: 20 })}`;
}

async function create(client: ServiceClient, query: string, input: object): Promise<string> {
  const result = await client.create(query, input);
  if (result.problem !== undefined) throw new Error(result.problem);
  return result.id;
}
