/** The workloads: the same work in GraphQL and, for the plain proxy, in REST. */
import { digitsOf, idOf, PAGE_SIZE } from './upstream/assistants.ts';

export type WorkloadName = 'W1' | 'W2' | 'W3' | 'W4' | 'W5';

/** Distinct: no request can share the work of another. Identical: all requests are the same. */
export type Kind = 'distinct' | 'identical';

export interface RestRequest {
  readonly method: 'GET' | 'POST';
  readonly target: string;
  readonly body: unknown;
}

/** Request `n` of a workload contains the digits of n, n + 1, … and is otherwise the same as the others. */
export interface Workload {
  readonly name: WorkloadName;
  readonly title: string;
  readonly kinds: readonly Kind[];
  /** How many numbers a request contains. */
  readonly numbers: number;
  readonly document: string;
  readonly variables: (n: number) => Readonly<Record<string, unknown>>;
  readonly rest: (n: number) => RestRequest;
  /** A text near the beginning of the response to request `n` that no other response contains. */
  readonly mark: (n: number) => string;
  readonly restStatus: number;
}

/** All 13 fields of an assistant. */
const ASSISTANT_FIELDS = `{
  id createdAt model name description instructions
  tools { type ... on FunctionTool { name description parameters strict } ... on FileSearchTool { maxNumResults } }
  toolResources { codeInterpreter { fileIds } fileSearch { vectorStoreIds } }
  metadata temperature topP reasoningEffort responseFormat { type }
}`;

const SEVERAL_IDS = 5;
const ALIASES = 20;

const get = (target: string): RestRequest => ({ method: 'GET', target, body: null });

const list: Workload = {
  name: 'W1',
  title: 'list of 20, 13 fields',
  kinds: ['distinct', 'identical'],
  numbers: 1,
  document: `query List($after: String) {
    assistants(first: ${PAGE_SIZE}, after: $after) { nodes ${ASSISTANT_FIELDS} pageInfo { hasNextPage endCursor } }
  }`,
  variables: (n) => ({ after: idOf(n) }),
  rest: (n) => get(`/assistants?limit=${PAGE_SIZE}&order=desc&after=${idOf(n)}`),
  mark: (n) => idOf(n + 1),
  restStatus: 200,
};

const one: Workload = {
  name: 'W2',
  title: 'one by id, 13 fields',
  kinds: ['distinct', 'identical'],
  numbers: 1,
  document: `query One($id: ID!) { assistant(id: $id) ${ASSISTANT_FIELDS} }`,
  variables: (n) => ({ id: idOf(n) }),
  rest: (n) => get(`/assistants/${idOf(n)}`),
  mark: idOf,
  restStatus: 200,
};

const numbersOf = (n: number): number[] => Array.from({ length: SEVERAL_IDS }, (_, index) => n + index);

const several: Workload = {
  name: 'W3',
  title: '20 aliases over 5 ids',
  kinds: ['distinct', 'identical'],
  numbers: SEVERAL_IDS,
  document: `query Several(${numbersOf(0)
    .map((index) => `$id${index}: ID!`)
    .join(', ')}) {
    ${Array.from({ length: ALIASES }, (_, index) => `a${index}: assistant(id: $id${index % SEVERAL_IDS}) { id name model }`).join('\n    ')}
  }`,
  variables: (n) => Object.fromEntries(numbersOf(n).map((number, index) => [`id${index}`, idOf(number)])),
  rest: (n) => get(`/many?ids=${numbersOf(n).map(idOf).join(',')}`),
  mark: idOf,
  restStatus: 200,
};

const typename: Workload = {
  name: 'W4',
  title: '{ __typename }',
  kinds: ['identical'],
  numbers: 0,
  document: '{ __typename }',
  variables: () => ({}),
  rest: () => get('/typename'),
  mark: () => '__typename',
  restStatus: 200,
};

/** Most of an assistant that W5 creates; its keys are the same in the schema and on the wire. */
const newAssistant = (n: number) => ({
  model: 'gpt-4o-mini',
  name: `Bench ${digitsOf(n)}`,
  description: 'Answers what customers ask about their orders.',
  instructions:
    "You are the support desk. Answer in the customer's language, in at most three sentences; " +
    'quote order numbers as “№ 4711”. Never promise a date that the tools did not give you.',
  metadata: { region: '17', team: 'support', tier: 'gold' },
  temperature: 0.7,
});

const NEW_FUNCTION = {
  name: 'find_order',
  description: 'Looks an order up by its number.',
  parameters: {
    type: 'object',
    properties: { number: { type: 'integer', minimum: 1 } },
    required: ['number'],
    additionalProperties: false,
  },
  strict: false,
};

const create: Workload = {
  name: 'W5',
  title: 'create',
  kinds: ['distinct', 'identical'],
  numbers: 1,
  document: `mutation Create($input: CreateAssistantInput!) {
    createAssistant(input: $input) { assistant { name id createdAt model description tools { type } metadata } userErrors { message } }
  }`,
  variables: (n) => ({ input: { ...newAssistant(n), tools: [{ codeInterpreter: true }, { function: NEW_FUNCTION }] } }),
  rest: (n) => ({
    method: 'POST',
    target: '/assistants',
    body: {
      ...newAssistant(n),
      tools: [{ type: 'code_interpreter' }, { type: 'function', function: NEW_FUNCTION }],
    },
  }),
  mark: digitsOf,
  restStatus: 201,
};

export const WORKLOADS: readonly Workload[] = [list, one, several, typename, create];
