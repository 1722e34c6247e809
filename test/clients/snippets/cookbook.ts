// Recipes of docs/clients.md that no client is needed for. The tests run every line.
import type { UserError } from './operations.ts';

interface Extensions<Code extends string> {
  readonly code: Code;
  /** Show it: the service's log contains it. Null if the error is not one of the service. */
  readonly requestId: string | null;
  readonly retryable?: boolean;
  /** For mutations. NOT_APPLIED: it did not happen. UNKNOWN: it may have happened. */
  readonly outcome?: 'NOT_APPLIED' | 'UNKNOWN';
}

/** The `extensions` of an error, by `code`. */
export type ServiceError =
  | (Extensions<'BAD_USER_INPUT'> & { readonly reason?: 'CURSOR_UNKNOWN' })
  | (Extensions<'RATE_LIMITED' | 'OVERLOADED' | 'UPSTREAM_UNAVAILABLE'> & { readonly retryAfterMs?: number })
  | Extensions<'UNAUTHENTICATED' | 'FORBIDDEN' | 'QUOTA_EXCEEDED'>
  | Extensions<'CONFLICT' | 'OUTCOME_UNKNOWN' | 'UNSUPPORTED_BY_UPSTREAM'>
  | Extensions<'UPSTREAM_TIMEOUT' | 'UPSTREAM_BAD_RESPONSE' | 'INTERNAL_SERVER_ERROR'>
  | Extensions<'GRAPHQL_PARSE_FAILED' | 'GRAPHQL_VALIDATION_FAILED' | 'OPERATION_RESOLUTION_FAILURE'>
  | Extensions<'BAD_REQUEST' | 'PERSISTED_QUERY_NOT_FOUND'>;

/** The errors of the service in what a client throws or returns. Empty if no response of GraphQL came. */
export function toServiceErrors(failure: unknown): readonly ServiceError[] {
  const { errors, graphQLErrors, source } = (failure ?? {}) as {
    errors?: readonly GraphQLError[]; // Apollo Client
    graphQLErrors?: readonly GraphQLError[]; // urql
    source?: { errors?: readonly GraphQLError[] }; // Relay
  };
  const found = errors ?? graphQLErrors ?? source?.errors ?? [];
  return found.flatMap(({ extensions }) => (extensions?.code === undefined ? [] : [extensions as ServiceError]));
}

interface GraphQLError {
  readonly extensions?: { readonly code?: unknown };
}

/** What a user reads. The compiler checks that the values of one `code` are used only under it. */
export function toMessage(failure: unknown): string {
  const [error] = toServiceErrors(failure);
  if (!error) return 'The service cannot be reached.';
  switch (error.code) {
    case 'UNAUTHENTICATED':
      return 'Sign in again.';
    case 'RATE_LIMITED':
    case 'OVERLOADED':
      return `Try again in ${Math.ceil((error.retryAfterMs ?? 1000) / 1000)} s.`;
    case 'BAD_USER_INPUT':
      return error.reason === 'CURSOR_UNKNOWN' ? 'The list has changed: load it again.' : 'The input is not valid.';
    default:
      return `Something failed (${error.code}, ${String(error.requestId)}).`;
  }
}

/** Errors that come before anything is executed. */
const NOT_EXECUTED: readonly string[] = [
  'BAD_REQUEST',
  'BAD_USER_INPUT',
  'FORBIDDEN',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
  'UNAUTHENTICATED',
];

/**
 * Whether a mutation that failed may have happened: look before you send it again. That is also so if no response of
 * GraphQL came: Apollo Client's `ServerError` and `ServerParseError`, urql's `networkError`, a `fetch` that rejects.
 */
export function mayHaveHappened(failure: unknown): boolean {
  const errors = toServiceErrors(failure);
  const didNotHappen = ({ code, outcome }: ServiceError) =>
    outcome === undefined ? NOT_EXECUTED.includes(code) : outcome === 'NOT_APPLIED';
  return errors.length === 0 || !errors.every(didNotHappen);
}

/** What a user reads of a mutation that failed. */
export const toMutationMessage = (failure: unknown) =>
  mayHaveHappened(failure) ? 'It may have happened: look before you send it again.' : toMessage(failure);

/** `userErrors` by the name of their form field, such as `name` or `tools.0.function.name`. `form` has the others. */
export function toFieldErrors(userErrors: readonly UserError[]) {
  const fields: Record<string, string> = {};
  const form: string[] = [];
  for (const { field, message } of userErrors) {
    const name = field?.slice(1).join('.') ?? ''; // the first is `input`
    if (name === '') form.push(message);
    else fields[name] ??= message;
  }
  return { fields, form };
}

/** Whether the assistant of a mutation was deleted in the meantime, for example by another user. */
export const isDeleted = (userErrors: readonly UserError[]) =>
  userErrors.some(({ code, field }) => code === 'NOT_FOUND' && field?.join('.') === 'input.id');

/** Whether a page cannot be read because the assistant before it was deleted: load the list again. */
export const isStaleCursor = (failure: unknown) =>
  toServiceErrors(failure).some((error) => error.code === 'BAD_USER_INPUT' && error.reason === 'CURSOR_UNKNOWN');

/** The fields of an update: one that did not change is left out, one that was emptied is null. */
export function toChanges<Form extends Readonly<Record<string, string>>>(before: Form, after: Form) {
  const changes: { [Name in keyof Form]?: string | null } = {};
  for (const name of Object.keys(after) as (keyof Form)[])
    if (after[name] !== before[name]) changes[name] = after[name] === '' ? null : after[name];
  return changes;
}

export const TOOL_FIELDS = /* GraphQL */ `
  fragment ToolFields on AssistantTool {
    __typename
    type
    ... on FunctionTool {
      name
      description
      parameters
      strict
    }
    ... on FileSearchTool {
      maxNumResults
      rankingOptions {
        ranker
        scoreThreshold
      }
    }
  }
`;

export type Tool =
  | { readonly __typename: 'CodeInterpreterTool' | 'UnknownTool' }
  | {
      readonly __typename: 'FileSearchTool';
      readonly maxNumResults: number | null;
      readonly rankingOptions: { readonly ranker: string | null; readonly scoreThreshold: number | null } | null;
    }
  | {
      readonly __typename: 'FunctionTool';
      readonly name: string;
      readonly description: string | null;
      readonly parameters: Readonly<Record<string, unknown>> | null;
      readonly strict: boolean | null;
    };

/** A tool as an update takes it. Null if no input has all of it: a tool of an unknown kind, or a ranker without a score. */
export function toToolInput(tool: Tool) {
  switch (tool.__typename) {
    case 'CodeInterpreterTool':
      return { codeInterpreter: true };
    case 'FunctionTool': {
      const { name, description, parameters, strict } = tool;
      return { function: { name, description, parameters, strict } };
    }
    case 'FileSearchTool': {
      const { maxNumResults, rankingOptions } = tool;
      if (!rankingOptions) return { fileSearch: { maxNumResults } };
      const { ranker, scoreThreshold } = rankingOptions;
      return scoreThreshold === null
        ? null
        : { fileSearch: { maxNumResults, rankingOptions: { ranker, scoreThreshold } } };
    }
    default:
      return null;
  }
}

type ToolInput = NonNullable<ReturnType<typeof toToolInput>>;

/**
 * The `tools` of an update that changes them. An update replaces the whole list, so a list with a tool that no input has
 * cannot be changed without losing it: then this is undefined. Leave `tools` out, which keeps all of them.
 */
export function toToolInputs(
  tools: readonly Tool[],
  change: (inputs: readonly ToolInput[]) => readonly ToolInput[],
): readonly ToolInput[] | undefined {
  const inputs = tools.map(toToolInput);
  return inputs.includes(null) ? undefined : change(inputs.filter((input) => input !== null));
}
