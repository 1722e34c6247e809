// Relay against the running service: its compiler with the emitted schema, and its runtime with the compiled documents.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ConcreteRequest, Environment, ReaderFragment, Variables } from 'relay-runtime';
import { startService, type TestService } from '../support/service.ts';
import { slowTest } from '../support/slow.ts';
import { createRelayEnvironment, insertCreated, removeDeleted } from './snippets/relay-environment.ts';
import { createAssistants, deleteElsewhere, restoreAssistants } from './support/assistants.ts';
import { createFrontend } from './support/frontend.ts';
import { createRelayFrontend, type RelayFrontend } from './support/relay-frontend.ts';
import { mutate, openScreen } from './support/relay-screen.ts';
import { countRequests } from './support/requests.ts';

let service: TestService;
let frontend: RelayFrontend;
let environment: Environment;
/** Newest first. */
let ids: string[] = [];

beforeAll(async () => {
  frontend = await createRelayFrontend();
  service = await startService();
});
afterAll(async () => {
  await service.stop();
  await frontend.remove();
});
beforeEach(async () => {
  ids = await restoreAssistants(service, ids, 25);
  environment = createRelayEnvironment(`${service.url}/graphql`);
});

const open = async (variables: Variables = {}) =>
  openScreen(
    environment,
    await frontend.artifact<ConcreteRequest>('AssistantListQuery'),
    await frontend.artifact<ReaderFragment>('AssistantList_query'),
    variables,
  );
const request = (name: string) => frontend.artifact<ConcreteRequest>(name);
const create = async (input: object) =>
  mutate(environment, await request('AssistantListCreateMutation'), { input }, insertCreated);
const update = async (input: { id: string; name: string }) =>
  mutate(
    environment,
    await request('AssistantEditUpdateMutation'),
    { input },
    removeDeleted('updateAssistant', input.id),
  );
const remove = async (id = '') =>
  mutate(
    environment,
    await request('AssistantEditDeleteMutation'),
    { input: { id } },
    removeDeleted('deleteAssistant', id),
  );

describe('the compiler of Relay', () => {
  test('accepts the schema, a paginated fragment and the mutations', () => {
    expect(frontend.compiled.output).toContain('Compilation completed');
    expect(frontend.compiled.code).toBe(0);
  });

  test('types the scalars as in relay.config.json', async () => {
    const types = await readFile(join(frontend.folder, 'src/__generated__/AssistantList_item.graphql.ts'), 'utf8');
    expect(types).toContain('readonly createdAt: string;');
    expect(types).toContain('readonly metadata: Record<string, string>;');
    expect(types).toContain('readonly parameters?: Record<string, unknown> | null | undefined;');
  });

  test('rejects a fragment with a field that the schema does not have', async () => {
    const broken = await createFrontend({ 'relay.config.json': 'test/clients/snippets/relay.config.json' });
    const fragment = 'fragment Broken_assistant on Assistant { nothing }';
    await broken.write('src/Broken.ts', `import { graphql } from 'relay-runtime';\ngraphql\`${fragment}\`;\n`);
    const { code, output } = await broken.run('relay-compiler/cli.js');
    expect(code).not.toBe(0);
    expect(output).toContain('nothing');
    await broken.remove();
  });
});

describe('a list in Relay', () => {
  test('grows page by page to the whole list, in order, without duplicates or gaps', async () => {
    const requests = countRequests();
    const screen = await open();
    expect(screen.ids()).toEqual(ids.slice(0, 10));
    await screen.loadNext(10);
    expect(screen.ids()).toEqual(ids.slice(0, 20));
    await screen.loadNext(10);
    expect(screen.ids()).toEqual(ids);
    expect(screen.list().pageInfo.hasNextPage).toBe(false);
    expect(requests()).toBe(3);
    screen.close();
  });

  test('shows created, updated and deleted assistants without another request', async () => {
    const screen = await open();
    const before = screen.ids();
    const requests = countRequests();

    const created = await create({ model: 'gpt-4o', name: 'new' });
    const { id } = (created as { createAssistant: { assistant: { id: string } } }).createAssistant.assistant;
    expect(screen.ids()).toEqual([id, ...before]);

    await update({ id, name: 'changed' });
    expect(screen.ids()[0]).toBe(id);
    expect(environment.getStore().getSource().get(id)).toMatchObject({ name: 'changed' });

    await remove(id);
    expect(screen.ids()).toEqual(before);
    expect(requests()).toBe(3);
    screen.close();
  });

  test('loads the next page after its last assistant was deleted', async () => {
    const screen = await open();
    await remove(ids[9]);
    const others = ids.toSpliced(9, 1);
    expect(screen.ids()).toEqual(others.slice(0, 9));
    await screen.loadNext(10);
    expect(screen.ids()).toEqual(others.slice(0, 19));
    screen.close();
  });

  test('does not change if the input is invalid, and the error is returned as data', async () => {
    const screen = await open();
    const before = screen.ids();
    expect(await create({ model: ' ' })).toMatchObject({
      createAssistant: { assistant: null, userErrors: [{ code: 'BLANK', field: ['input', 'model'] }] },
    });
    expect(await remove('asst_none')).toMatchObject({
      deleteAssistant: { deletedAssistantId: null, userErrors: [{ code: 'NOT_FOUND' }] },
    });
    expect(screen.ids()).toEqual(before);
    screen.close();
  });
});

describe('a list that others change, in Relay', () => {
  test('of the oldest first shows a new assistant in the end, once all pages are loaded', async () => {
    for (const [count, isWhole] of [
      [100, true],
      [5, false],
    ] as const) {
      const screen = await open({ count, order: 'ASC' });
      const before = screen.ids();
      const created = await create({ model: 'gpt-4o' });
      const { id } = (created as { createAssistant: { assistant: { id: string } } }).createAssistant.assistant;
      expect(screen.ids()).toEqual(isWhole ? [...before, id] : before);
      await remove(id);
      screen.close();
      environment = createRelayEnvironment(`${service.url}/graphql`);
    }
  });

  test.each([
    ['an update', (id: string) => update({ id, name: 'late' })],
    ['a delete', remove],
  ])('loses the row of a deleted assistant with %s', async (_name, change) => {
    const [id = ''] = await createAssistants(service, 1);
    const screen = await open();
    expect(screen.ids()[0]).toBe(id);
    await deleteElsewhere(service, id);
    await change(id);
    expect(screen.ids()).toEqual(ids.slice(0, 9));
    screen.close();
  });
});

describe('the store of Relay', () => {
  test('contains each assistant once, by its own id', async () => {
    const screen = await open();
    const records = environment.getStore().getSource().toJSON();
    const [id = ''] = ids;
    expect(records[id]).toMatchObject({ __id: id, __typename: 'Assistant', id });
    expect(Object.values(records).filter((record) => record['__typename'] === 'Assistant')).toHaveLength(10);
    screen.close();
  });
});

test('an error of the service has its code and request id in Relay', async () => {
  const screen = await open();
  const error: unknown = await screen.loadNext(0).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    source: { errors: [{ extensions: { code: 'BAD_USER_INPUT', requestId: expect.any(String) } }] },
  });
  screen.close();
});

slowTest('the components of Relay compile with the types that its compiler writes', async () => {
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2023'],
    module: 'esnext',
    moduleResolution: 'bundler',
    jsx: 'react-jsx',
    strict: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
  };
  await frontend.write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['src'] }));
  expect(await frontend.run('typescript/bin/tsc', '--project', 'tsconfig.json', '--pretty', 'false')).toEqual({
    code: 0,
    output: '',
  });
});
