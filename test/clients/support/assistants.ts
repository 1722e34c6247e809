// Creates assistants without the client that is tested.
import type { TestService } from '../../support/service.ts';

const CREATE = `mutation ($input: CreateAssistantInput!) { createAssistant(input: $input) { assistant { id } } }`;

export const tools = [
  { codeInterpreter: true },
  { function: { name: 'get_weather', parameters: { type: 'object' } } },
  { fileSearch: { maxNumResults: 5 } },
] as const;

/** Creates `count` assistants, each with all three kinds of tool. Returns their ids, newest first as in lists. */
export async function createAssistants(service: TestService, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const input = { model: 'gpt-4o', name: `number ${index}`, metadata: { index: String(index) }, tools };
    const { data, text } = await service.query(CREATE, { input });
    if (!data) throw new Error(`an assistant was expected, got ${text}`);
    ids.unshift((data as { createAssistant: { assistant: { id: string } } }).createAssistant.assistant.id);
  }
  return ids;
}

/**
 * Returns the ids of `count` assistants, newest first, and the service has no others. They are those of `ids`, unless a test has
 * left another state: then all are created again.
 */
export async function restoreAssistants(
  service: TestService,
  ids: readonly string[],
  count: number,
): Promise<string[]> {
  const { data } = await service.query('{ assistants(first: 100) { nodes { id } } }');
  const { assistants } = data as { assistants: { nodes: readonly { id: string }[] } };
  const found = assistants.nodes.map(({ id }) => id);
  if (found.length === count && found.join() === ids.join()) return found;
  for (const id of found) await deleteElsewhere(service, id);
  return createAssistants(service, count);
}

/** Deletes an assistant as another user would: no client of the test hears of it. */
export async function deleteElsewhere(service: TestService, id: string): Promise<void> {
  await service.query('mutation ($id: ID!) { deleteAssistant(input: { id: $id }) { deletedAssistantId } }', { id });
}
