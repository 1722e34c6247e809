// Walks the schema: every input field reaches the AIML API, and every output field has a value from the AIML API.
/* eslint @typescript-eslint/no-unsafe-class-instance-assignment: "off" -- it overflows the stack on GraphQLInputType, which contains itself */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import {
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredInputField,
  type GraphQLField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
} from 'graphql';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { buildServiceSchema } from '../../src/graphql/schema/schema.ts';
import {
  sendJson,
  startScriptedUpstream,
  type ReceivedCall,
  type ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startServiceOn, type TestService } from '../support/service.ts';
import {
  completeAssistant,
  completeMessage,
  completeModel,
  completeRun,
  completeSteps,
  completeThread,
  requireOutputs,
} from '../support/wire-fixtures.ts';

const schema = buildServiceSchema();

let upstream: ScriptedUpstream;
let service: TestService;
/** The calls that the run waits for. */
let requiredCallIds: readonly string[] = ['call_1'];
beforeAll(async () => {
  upstream = await startScriptedUpstream(respond);
  service = await startServiceOn(upstream);
});

function respond({ method, path }: ReceivedCall, response: ServerResponse): void {
  const [collection = '', ...ids] = path.split('?')[0]?.slice(1).split('/') ?? [];
  if (method === 'DELETE') sendJson(response, 200, { id: ids.at(-1), object: 'deleted', deleted: true });
  else sendJson(response, 200, collection === 'v1' ? list([completeModel]) : read(collection, ids, method === 'POST'));
}

const list = (data: readonly unknown[]) => ({ object: 'list', data, has_more: false });

/** The object or list at a path. A write to a collection returns an object. */
function read(
  collection: string,
  [id, child, childId, grandchild]: readonly (string | undefined)[],
  isWrite: boolean,
): unknown {
  if (collection === 'assistants')
    return id || isWrite ? { ...completeAssistant, id: id ?? 'asst_1' } : list([completeAssistant]);
  const run = { ...completeRun, required_action: requireOutputs(requiredCallIds) };
  if (id === 'runs') return run;
  if (child === undefined) return { ...completeThread, id: id ?? 'thread_1' };
  if (grandchild === 'steps') return list(completeSteps);
  const object = { ...(child === 'messages' ? completeMessage : run), thread_id: id };
  return childId || isWrite ? { ...object, id: childId ?? object.id } : list([object]);
}

// ---- Inputs ----

/** A field of an input: `tools.0.function.name` is `['tools', 'function', 'name']`. */
interface InputField {
  readonly path: readonly string[];
  readonly type: GraphQLInputType;
  readonly parent: GraphQLInputObjectType;
}

const mutations = Object.values(schema.getMutationType()?.getFields() ?? {}).map((field) => {
  const type = getNamedType(field.args.find(({ name }) => name === 'input')?.type);
  if (!isInputObjectType(type)) throw new TypeError(`${field.name} has no input.`);
  return { name: field.name, type };
});

/** Fields that no request to the AIML API contains, with the reason. */
const unsent: Readonly<Record<string, string>> = {
  waitSeconds: 'the service waits',
  'updateAssistant.toolResources.fileSearch.vectorStores': 'only a create accepts it',
  'updateThread.toolResources.fileSearch.vectorStores': 'only a create accepts it',
  'createThreadAndRun.toolResources.fileSearch.vectorStores': 'a run accepts existing ones only',
};

function* fieldsOf(parent: GraphQLInputObjectType, above: readonly string[] = []): Generator<InputField> {
  for (const { name, type } of Object.values(parent.getFields())) {
    const path = [...above, name];
    yield { path, type, parent };
    const named = getNamedType(type);
    if (isInputObjectType(named)) yield* fieldsOf(named, path);
  }
}

const sentFieldsOf = ({ name, type }: (typeof mutations)[number]): InputField[] =>
  [...fieldsOf(type)].filter(({ path }) => {
    const full = `${name}.${path.join('.')}`;
    return !Object.keys(unsent).some((key) => key === path.at(-1) || full === key || full.startsWith(`${key}.`));
  });

/** Each is within the limits of its field, and is unique in a request. */
const numbers: Readonly<Record<string, number>> = {
  temperature: 1.0625,
  topP: 0.8125,
  maxNumResults: 43,
  scoreThreshold: 0.3125,
  maxChunkSizeTokens: 3217,
  chunkOverlapTokens: 1519,
  maxPromptTokens: 98_765,
  maxCompletionTokens: 87_654,
  lastMessages: 76_543,
};

/** A valid value of a scalar or an enum. Texts contain `text`. */
function leafValue(type: GraphQLNamedType, name: string, text: string): unknown {
  if (isEnumType(type)) return type.getValues().at(text === 'sample' ? 0 : -1)?.name;
  switch (type.name) {
    case 'ID':
    case 'String':
      return name === 'url' ? `https://example.com/${text}` : text;
    case 'Boolean':
      return true;
    case 'JSONObject':
    case 'Metadata':
      return { key: text };
    default:
      if (numbers[name] === undefined) throw new TypeError(`Add a value for the field ${name} to numbers.`);
      return numbers[name];
  }
}

/** A valid input with its required fields, and with `leaf` at `path` unless that is empty. */
function createInput(type: GraphQLInputObjectType, path: readonly string[], leaf?: unknown): Record<string, unknown> {
  const [next, ...rest] = path;
  const fields = type.getFields();
  const input: Record<string, unknown> = {};
  for (const field of Object.values(fields))
    if (isRequiredInputField(field) && field.name !== next) input[field.name] = sample(field.type, field.name);
  // A message has either a text or a content.
  if (!type.isOneOf && fields['text'] && fields['content'] && next !== 'content') input['text'] = 'sample';
  const field = next === undefined ? undefined : fields[next];
  if (next === undefined || !field) return input;
  const named = getNamedType(field.type);
  const isLeaf = rest.length === 0 && leaf !== undefined;
  const value = isLeaf || !isInputObjectType(named) ? leaf : createInput(named, rest, leaf);
  input[next] = isListType(getNullableType(field.type)) && value !== null ? [value] : value;
  return input;
}

function sample(type: GraphQLInputType, name: string): unknown {
  const named = getNamedType(type);
  const value = isInputObjectType(named) ? createInput(named, []) : leafValue(named, name, 'sample');
  return isListType(getNullableType(type)) ? [value] : value;
}

/** The same input without the field. Members of oneOf types cannot be left out, so their parent is. */
function createInputWithout(type: GraphQLInputObjectType, path: readonly string[]): Record<string, unknown> {
  let parent = type;
  let required: readonly string[] = [];
  for (const [index, name] of path.slice(0, -1).entries()) {
    const named = getNamedType(parent.getFields()[name]?.type);
    if (!isInputObjectType(named)) break;
    parent = named;
    if (!parent.isOneOf) required = path.slice(0, index + 1);
  }
  return createInput(type, required);
}

/** Runs the mutation. Resolves to the requests that the AIML API received. */
async function requestsOf(
  { name, type }: (typeof mutations)[number],
  input: Record<string, unknown>,
): Promise<string[]> {
  const outputs = input['toolOutputs'] as readonly { readonly toolCallId: string }[] | undefined;
  if (outputs) requiredCallIds = outputs.map(({ toolCallId }) => toolCallId);
  const before = upstream.calls.length;
  const document = `mutation ($input: ${type.name}!) { ${name}(input: $input) { userErrors { field message } } }`;
  const { data, errors } = await service.query(document, { input });
  expect({ input, errors, data }).toMatchObject({ data: { [name]: { userErrors: [] } } });
  return upstream.calls.slice(before).map(({ method, path, body }) => `${method} ${path} ${JSON.stringify(body)}`);
}

const writesOf = async (mutation: (typeof mutations)[number], input: Record<string, unknown>): Promise<string[]> =>
  (await requestsOf(mutation, input)).filter((request) => !request.startsWith('GET '));

describe('every field of the input', () => {
  test.each(mutations)('of $name is sent', async (mutation) => {
    // An idempotency key takes one request.
    const sentinel = `sentinel-${randomUUID()}`;
    const notSent: string[] = [];
    for (const { path, type } of sentFieldsOf(mutation)) {
      const named = getNamedType(type);
      if (!isLeafType(named)) continue;
      const value = leafValue(named, path.at(-1) ?? '', sentinel);
      const requests = await requestsOf(mutation, createInput(mutation.type, path, value));
      const marker = typeof value === 'number' ? JSON.stringify(value) : sentinel;
      const isSent =
        isEnumType(named) || typeof value === 'boolean'
          ? requests.join() !== (await requestsOf(mutation, createInputWithout(mutation.type, path))).join()
          : requests.some((request) => request.includes(marker));
      if (!isSent) notSent.push(path.join('.'));
    }
    expect(notSent).toEqual([]);
  });

  const nullable = (mutation: (typeof mutations)[number]) =>
    sentFieldsOf(mutation).filter(
      ({ path, type, parent }) =>
        !isNonNullType(type) && !parent.isOneOf && !['text', 'content', 'model'].includes(path.at(-1) ?? ''),
    );

  test.each(mutations)(
    'of $name that is null is not sent, or clears the field if the mutation is an update',
    async (mutation) => {
      const wrong: string[] = [];
      for (const { path } of nullable(mutation)) {
        const writes = await writesOf(mutation, createInput(mutation.type, path, null));
        const without = await writesOf(mutation, createInputWithout(mutation.type, path));
        const isRight =
          mutation.name.startsWith('update') && path.length === 1
            ? without.length === 0 && writes.length === 1 && /^POST \S+ \{"\w+":(?:null|\[\])\}$/.test(writes[0] ?? '')
            : writes.join() === without.join();
        if (!isRight) wrong.push(`${path.join('.')}: ${writes.join()}`);
      }
      expect(wrong).toEqual([]);
    },
  );
});

// ---- Outputs ----

/** These have fields that a query of another object selects by id only. */
const entities = ['Assistant', 'Thread', 'Message', 'Run', 'RunStep'];
/** Only the embedded AIML API lists threads. */
const unlisted = ['ThreadConnection', 'ThreadEdge'];

/** Selects every field of a type, and of the types of an interface. Entities below it are selected by id. */
function select(type: GraphQLNamedType): string {
  if (isInterfaceType(type)) {
    const types = schema.getPossibleTypes(type);
    return `{ __typename ${types.map((possible) => `... on ${possible.name} ${select(possible)}`).join(' ')} }`;
  }
  if (!isObjectType(type)) return '';
  return `{ __typename ${Object.values(type.getFields()).map(selectField).join(' ')} }`;
}

function selectField({ name, type }: GraphQLField<unknown, unknown>): string {
  const named = getNamedType(type);
  return entities.includes(named.name) ? `${name} { id }` : `${name} ${select(named)}`;
}

/** Adds `Type.field` for every field with a value; a list needs an entry. */
function collect(value: unknown, seen: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) collect(item, seen);
  if (typeof value !== 'object' || value === null) return;
  const { __typename: type, ...fields } = value as Readonly<Record<string, unknown>>;
  for (const [name, field] of Object.entries(fields)) {
    const hasValue = field !== null && !(Array.isArray(field) && field.length === 0);
    if (hasValue && typeof type === 'string') seen.add(`${type}.${name}`);
    collect(field, seen);
  }
}

/** The object types that queries lead to. */
function outputTypes(type: GraphQLNamedType, found = new Set<GraphQLObjectType>()): ReadonlySet<GraphQLObjectType> {
  if (isInterfaceType(type)) for (const possible of schema.getPossibleTypes(type)) outputTypes(possible, found);
  if (!isObjectType(type) || found.has(type)) return found;
  found.add(type);
  for (const field of Object.values(type.getFields())) outputTypes(getNamedType(field.type), found);
  return found;
}

const typeOf = (name: string): GraphQLNamedType => {
  const type = schema.getType(name);
  if (!type) throw new TypeError(`The schema has no type ${name}.`);
  return type;
};

test('every field of the output has a value from the AIML API', async () => {
  const steps = `steps { __typename edges { __typename cursor node { id } } nodes ${select(typeOf('RunStep'))} pageInfo { __typename } }`;
  const documents = [
    `{ assistant(id: "asst_1") ${select(typeOf('Assistant'))} }`,
    `{ assistants(first: 1) ${select(typeOf('AssistantConnection'))} }`,
    `{ thread(id: "thread_1") ${select(typeOf('Thread'))} }`,
    `{ message(threadId: "thread_1", id: "msg_1") ${select(typeOf('Message'))} }`,
    `{ run(threadId: "thread_1", id: "run_1") ${select(typeOf('Run'))} }`,
    `{ run(threadId: "thread_1", id: "run_1") { ${steps} } }`,
    `{ models ${select(typeOf('Model'))} }`,
  ];
  const seen = new Set<string>();
  for (const document of documents) {
    const { data, errors } = await service.query(document);
    expect({ document, errors }).toEqual({ document, errors: undefined });
    collect(data, seen);
  }
  const fields = [...outputTypes(typeOf('Query'))]
    .filter(({ name }) => name !== 'Query' && !unlisted.includes(name))
    .flatMap((type) => Object.keys(type.getFields()).map((field) => `${type.name}.${field}`));
  expect(fields.filter((field) => !seen.has(field))).toEqual([]);
});
