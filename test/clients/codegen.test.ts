// graphql-codegen's own command with its client preset, in a frontend that uses the generated files: the types are
// exact, and the code runs against the service.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ApolloClient } from '@apollo/client';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startService, type TestService } from '../support/service.ts';
import type { CreateAssistantData } from './snippets/operations.ts';
import { createFrontend, type Frontend } from './support/frontend.ts';

const TSCONFIG = {
  compilerOptions: {
    target: 'es2023',
    module: 'esnext',
    moduleResolution: 'bundler',
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
  },
  include: ['src'],
};
/** Sources that the project itself cannot check: a line in each disables the check, and is removed in the copy. */
const SOURCES = {
  'src/assistant.ts': 'test/clients/snippets/codegen-consumer.ts',
  'src/exact-types.ts': 'test/clients/support/exact-types.ts',
  'src/wrong-use.ts': 'test/clients/support/wrong-use.ts',
};

interface Consumer {
  readonly createClient: (uri: string) => ApolloClient;
  readonly createAssistant: (client: ApolloClient, name: string) => Promise<{ readonly data?: CreateAssistantData }>;
  readonly readAssistant: (client: ApolloClient, id: string) => Promise<{ readonly data?: { assistant: unknown } }>;
}

let frontend: Frontend;
let service: TestService;
let generated: { readonly code: number; readonly output: string };

beforeAll(async () => {
  frontend = await createFrontend({ 'codegen.ts': 'test/clients/snippets/codegen.ts' });
  await frontend.write('tsconfig.json', JSON.stringify(TSCONFIG));
  for (const [to, from] of Object.entries(SOURCES)) {
    await frontend.write(to, await readFile(from, 'utf8'));
  }
  await frontend.write(
    'src/names.tsx',
    "import { graphql } from './gql';\nexport const names = graphql(`query Names { assistants { nodes { name } } }`);\n",
  );
  generated = await frontend.run('@graphql-codegen/cli/esm/bin.js', '--config', 'codegen.ts');
  service = await startService();
});
afterAll(async () => {
  await service.stop();
  await frontend.remove();
});

const load = async (file: string): Promise<unknown> => import(pathToFileURL(join(frontend.folder, file)).href);

describe('graphql-codegen', () => {
  test('accepts the schema and the operations of a frontend', () => {
    expect(generated.output).toContain('Generate outputs');
    expect(generated.code).toBe(0);
  });

  test('writes exact types: the compiler rejects every wrong use and nothing else', async () => {
    const { output } = await frontend.run('typescript/bin/tsc', '--project', 'tsconfig.json', '--pretty', 'false');
    const rejected = output.split('\n').flatMap((line) => /^(\S+)\((\d+),\d+\): error/.exec(line)?.slice(1) ?? []);
    const wrong = (await readFile(SOURCES['src/wrong-use.ts'], 'utf8'))
      .split('\n')
      .flatMap((line, index) => (line.endsWith('// wrong') ? ['src/wrong-use.ts', String(index + 1)] : []));
    expect(rejected).toEqual(wrong);
  });

  test('writes the possible types of the interfaces', async () => {
    expect(await load('src/possible-types.ts')).toMatchObject({
      default: {
        possibleTypes: {
          AssistantTool: ['CodeInterpreterTool', 'FileSearchTool', 'FunctionTool', 'UnknownTool'],
          Node: ['Assistant', 'Thread'],
        },
      },
    });
  });

  test('finds the documents of components', async () => {
    expect(await readFile(join(frontend.folder, 'src/gql/graphql.ts'), 'utf8')).toContain('export type NamesQuery =');
  });

  test('writes documents that the service executes', async () => {
    const { createClient, createAssistant, readAssistant } = (await load('src/assistant.ts')) as Consumer;
    const client = createClient(`${service.url}/graphql`);
    const created = await createAssistant(client, 'generated');
    const { data } = await readAssistant(client, created.data?.createAssistant.assistant?.id ?? '');
    expect(data?.assistant).toMatchObject({
      name: 'generated',
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
      metadata: { team: 'support' },
      tools: [{ __typename: 'CodeInterpreterTool' }],
    });
  });
});
