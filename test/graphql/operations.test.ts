import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Kind, parse, validate, type OperationDefinitionNode } from 'graphql';
import { buildServiceSchema } from '../../src/graphql/schema.ts';
import { startRecordedService, type RecordedService } from './recorded-service.ts';

const FOLDER = 'schema/operations';
/** Stands for the id of an assistant in the sample variables. */
const SAMPLE_ID = /asst_abc123/g;

const schema = buildServiceSchema();
const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.graphql'));
const read = (file: string): Promise<string> => readFile(`${FOLDER}/${file}`, 'utf8');
const variablesOf = (file: string): Promise<string> => read(file.replace(/\.graphql$/, '.variables.json'));
const operationsOf = (document: string): OperationDefinitionNode[] =>
  parse(document).definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);

let service: RecordedService;
beforeAll(async () => {
  service = await startRecordedService();
});
afterAll(() => service.stop());

describe('the example operations', () => {
  test('use every field of Query and Mutation', async () => {
    const used = (await Promise.all(files.map(read))).flatMap((document) =>
      operationsOf(document).flatMap(({ selectionSet }) =>
        selectionSet.selections.map((selection) => (selection.kind === Kind.FIELD ? selection.name.value : '')),
      ),
    );
    const fields = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
      Object.keys(type?.getFields() ?? {}),
    );
    expect(new Set(used)).toEqual(new Set(fields));
  });

  test.each(files)('%s fits the schema, has a name and says what it shows', async (file) => {
    const document = await read(file);
    expect(validate(schema, parse(document))).toEqual([]);
    expect(document).toMatch(/^# \S/);
    const [operation, ...others] = operationsOf(document);
    expect(others).toEqual([]);
    const fileName = operation?.name?.value.replace(/(?!^)[A-Z]/g, '-$&').toLowerCase();
    expect(`${fileName ?? ''}.graphql`).toBe(file);
  });

  test.each(files)('%s runs with its sample variables', async (file) => {
    const { createAssistant } = await service.data<{ createAssistant: { assistant: { id: string } } }>(
      'mutation { createAssistant(input: { model: "m", name: "sample" }) { assistant { id } } }',
    );
    const variables: unknown = JSON.parse(
      (await variablesOf(file)).replaceAll(SAMPLE_ID, createAssistant.assistant.id),
    );
    service.upstreamCalls();
    const data = await service.data<Record<string, { userErrors?: unknown }>>(await read(file), variables);
    for (const payload of Object.values(data)) {
      expect(payload).toBeTruthy();
      expect(payload.userErrors ?? []).toEqual([]);
    }
    expect(service.upstreamCalls()).toHaveLength(file === 'nodes.graphql' ? 2 : 1);
  });
});
