// The recipes of docs/clients.md against the running service.
import { ServerError } from '@apollo/client';
import { CombinedError } from '@urql/core';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { errorCodes } from '../../src/graphql/errors/codes.ts';
import { sendJson, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startService, startServiceOn, type TestService } from '../support/service.ts';
import {
  isDeleted,
  isStaleCursor,
  mayHaveHappened,
  toChanges,
  toFieldErrors,
  toMessage,
  toMutationMessage,
  toServiceErrors,
  toToolInput,
  toToolInputs,
  TOOL_FIELDS,
  type ServiceError,
  type Tool,
} from './snippets/cookbook.ts';
import type { UserError } from './snippets/operations.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService();
});

const SELECTION =
  '{ assistant { id name description instructions tools { ...ToolFields } } userErrors { code field message } }';
const CREATE = `mutation ($input: CreateAssistantInput!) { write: createAssistant(input: $input) ${SELECTION} } ${TOOL_FIELDS}`;
const UPDATE = `mutation ($input: UpdateAssistantInput!) { write: updateAssistant(input: $input) ${SELECTION} } ${TOOL_FIELDS}`;

interface Assistant {
  readonly id: string;
  readonly name: string | null;
  readonly description: string | null;
  readonly instructions: string | null;
  readonly tools: readonly Tool[];
}
interface Payload {
  readonly assistant: Assistant | null;
  readonly userErrors: readonly UserError[];
}
async function write(document: string, input: object, target: TestService = service): Promise<Payload> {
  const { data, text } = await target.query(document, { input });
  if (!data) throw new Error(`data was expected, got ${text}`);
  return data['write'] as Payload;
}
async function saved(document: string, input: object, target?: TestService): Promise<Assistant> {
  const { assistant, userErrors } = await write(document, input, target);
  if (!assistant) throw new Error(`an assistant was expected, got ${JSON.stringify(userErrors)}`);
  return assistant;
}

describe('the errors of the service', () => {
  test('are a union of all codes', () => {
    // Both assignments compile only if the two have the same codes.
    const listed: Readonly<Record<ServiceError['code'], unknown>> = errorCodes;
    const codes: readonly ServiceError['code'][] = Object.keys(errorCodes) as (keyof typeof errorCodes)[];
    expect(Object.keys(listed)).toEqual(codes);
  });

  test('are found in the failures of every client', async () => {
    const { errors = [] } = await service.query('{ assistants(first: 0) { nodes { id } } }');
    const failures = [{ errors }, { source: { errors } }, new CombinedError({ graphQLErrors: [...errors] })];
    for (const failure of failures) {
      expect(toServiceErrors(failure)).toMatchObject([{ code: 'BAD_USER_INPUT', requestId: expect.any(String) }]);
      expect(toMessage(failure)).toBe('The input is not valid.');
      expect(mayHaveHappened(failure)).toBe(false);
    }
  });

  test('about a cursor whose assistant was deleted ask for the list again', async () => {
    const { id } = await saved(CREATE, { model: 'm' });
    await service.query('mutation ($id: ID!) { deleteAssistant(input: { id: $id }) { deletedAssistantId } }', { id });
    const { errors } = await service.query('query ($id: String) { assistants(after: $id) { nodes { id } } }', { id });
    expect(isStaleCursor({ errors })).toBe(true);
    expect(toMessage({ errors })).toBe('The list has changed: load it again.');
    expect((await write(UPDATE, { id, name: 'late' })).userErrors.map(({ code }) => code)).toEqual(['NOT_FOUND']);
    expect(isDeleted((await write(UPDATE, { id, name: 'late' })).userErrors)).toBe(true);
    expect(isDeleted((await write(CREATE, { model: ' ' })).userErrors)).toBe(false);
  });
});

describe('a mutation that failed', () => {
  const serverError = new ServerError('Bad gateway', {
    response: new Response('<html>', { status: 502 }),
    bodyText: '<html>',
  });

  test.each([
    ['a proxy responded', serverError],
    ['the connection was lost', new TypeError('fetch failed')],
    ['urql has no response', new CombinedError({ networkError: new Error('reset') })],
    ['nothing is known', undefined],
    ['upstream did not respond', { errors: [{ extensions: { code: 'OUTCOME_UNKNOWN', outcome: 'UNKNOWN' } }] }],
    ['the service failed', { errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] }],
  ])('may have happened if %s', (_name, failure) => {
    expect(mayHaveHappened(failure)).toBe(true);
    expect(toMutationMessage(failure)).toBe('It may have happened: look before you send it again.');
  });

  test('did not happen if the service says so', () => {
    const limited = { errors: [{ extensions: { code: 'RATE_LIMITED', outcome: 'NOT_APPLIED', retryAfterMs: 2500 } }] };
    expect(mayHaveHappened(limited)).toBe(false);
    expect(toMutationMessage(limited)).toBe('Try again in 3 s.');
  });

  test('did not happen if the service rejected the request', async () => {
    for (const document of [
      'mutation { nothing }',
      'mutation {',
      'mutation { createAssistant { userErrors { code } } }',
    ]) {
      const { errors } = await service.query(document);
      expect(mayHaveHappened({ errors })).toBe(false);
    }
  });
});

describe('a form', () => {
  test('shows user errors at their fields', async () => {
    const { userErrors } = await write(CREATE, {
      model: ' ',
      name: 'x'.repeat(257),
      tools: [{ function: { name: 'not a name' } }],
    });
    const { fields, form } = toFieldErrors([...userErrors, { code: 'INVALID', field: null, message: 'Elsewhere.' }]);
    expect(Object.keys(fields).sort()).toEqual(['model', 'name', 'tools.0.function.name']);
    expect(fields['name']).toContain('256');
    expect(form).toEqual(['Elsewhere.']);
  });

  test('clears what was emptied, and leaves the rest as it is', async () => {
    const { id } = await saved(CREATE, { model: 'm', name: 'Ann', description: 'old', instructions: 'kept' });
    const before = { name: 'Ann', description: 'old', instructions: 'kept' };
    const changes = toChanges(before, { ...before, name: 'Bob', description: '' });
    expect(changes).toEqual({ name: 'Bob', description: null });
    expect(await saved(UPDATE, { id, ...changes })).toMatchObject({
      name: 'Bob',
      description: null,
      instructions: 'kept',
    });
  });
});

describe('the tools of an assistant', () => {
  test('are the same after an update with their own inputs', async () => {
    const { id, tools } = await saved(CREATE, {
      model: 'm',
      tools: [
        { codeInterpreter: true },
        { function: { name: 'plain' } },
        { function: { name: 'whole', description: 'd', parameters: { type: 'object' }, strict: true } },
        { fileSearch: { maxNumResults: 5, rankingOptions: { ranker: 'auto', scoreThreshold: 0.5 } } },
      ],
    });
    expect(tools).toHaveLength(4);
    const updated = await saved(UPDATE, { id, tools: toToolInputs(tools, (inputs) => inputs) });
    expect(updated.tools).toEqual(tools);
    const longer = toToolInputs(tools, (inputs) => [...inputs, { fileSearch: { maxNumResults: null } }]);
    expect(longer).toHaveLength(5);
  });

  test('of an unknown kind are kept by an update', async () => {
    const wire = { id: 'asst_1', object: 'assistant', created_at: 1, name: 'Ann', description: null, model: 'm' };
    const tools = [{ type: 'computer_use', display: 2 }, { type: 'code_interpreter' }];
    const upstream = await startScriptedUpstream((_call, response) =>
      sendJson(response, 200, { ...wire, instructions: null, metadata: {}, tools }),
    );
    const other = await startServiceOn(upstream);
    const assistant = await saved(UPDATE, { id: 'asst_1', name: 'Ann' }, other);
    expect(assistant.tools.map(toToolInput)).toEqual([null, { codeInterpreter: true }]);
    const changed = toToolInputs(assistant.tools, (inputs) => inputs.slice(1));
    expect(changed).toBeUndefined();
    await saved(UPDATE, { id: 'asst_1', name: 'Bob', tools: changed }, other);
    // No body that was sent has tools: upstream keeps them.
    expect(upstream.calls.map(({ body }) => body)).toEqual([{ name: 'Ann' }, { name: 'Bob' }]);
  });

  test('with a ranker that has no score are kept as well', () => {
    const tool: Tool = {
      __typename: 'FileSearchTool',
      maxNumResults: 5,
      rankingOptions: { ranker: 'auto', scoreThreshold: null },
    };
    expect(toToolInput(tool)).toBeNull();
    expect(toToolInputs([tool], (inputs) => inputs)).toBeUndefined();
  });
});
