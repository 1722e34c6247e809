/**
 * The messages of graphql-js and Apollo Server that clients may see: each contains names of the document and the schema
 * and nothing else. Any other message is assumed to contain a value of the client.
 */
import type { ErrorCode } from './codes.ts';

/** `code` is set if it differs from Apollo Server's. */
export interface PublicMessage {
  readonly message: string;
  readonly code?: ErrorCode;
}

/** `{}` is a name, `<>` a type. */
const documentTemplates = [
  'Unknown argument "{}" on field "{}.{}".',
  'Unknown argument "{}" on directive "@{}".',
  'Unknown directive "@{}".',
  'Unknown fragment "{}".',
  'Unknown type "{}".',
  'Directive "@{}" may not be used on {}.',
  'Directive "@{}" argument "{}" of type "<>" is required, but it was not provided.',
  'The directive "@{}" can only be used once at this location.',
  'Cannot query field "{}" on type "{}".',
  'Field "{}" argument "{}" of type "<>" is required, but it was not provided.',
  'Field "{}" must not have a selection since type "<>" has no subfields.',
  'Field "{}" of type "<>" must have a selection of subfields.',
  'Field "{}" of type "<>" must have at least one field selected.',
  'Field "{}" is not defined by type "{}".',
  'Field "{}.{}" of required type "<>" was not provided.',
  'Field "{}.{}" must be non-null.',
  'OneOf Input Object "{}" must specify exactly one key.',
  'Fragment "{}" is never used.',
  'Fragment "{}" cannot condition on non composite type "<>".',
  'Fragment cannot condition on non composite type "<>".',
  'Fragment "{}" cannot be spread here as objects of type "<>" can never be of type "<>".',
  'Fragment cannot be spread here as objects of type "<>" can never be of type "<>".',
  'Cannot spread fragment "{}" within itself.',
  'There can be only one argument named "{}".',
  'There can be only one fragment named "{}".',
  'There can be only one input field named "{}".',
  'There can be only one operation named "{}".',
  'There can be only one variable named "${}".',
  'This anonymous operation must be the only defined operation.',
  'The "{}" definition is not executable.',
  'The schema definition is not executable.',
  'Subscription "{}" must select only one top level field.',
  'Anonymous Subscription must select only one top level field.',
  'Subscription "{}" must not select an introspection top level field.',
  'Anonymous Subscription must not select an introspection top level field.',
  'Variable "${}" is not defined by operation "{}".',
  'Variable "${}" is not defined.',
  'Variable "${}" is never used in operation "{}".',
  'Variable "${}" is never used.',
  'Variable "${}" cannot be non-input type "<>".',
  'Variable "${}" of type "<>" used in position expecting type "<>".',
  'Variable "${}" is of type "<>" but must be non-nullable to be used for OneOf Input Object "{}".',
  'Variable "${}" of required type "<>" was not provided.',
  'Variable "${}" of non-null type "<>" must not be null.',
  'Too many validation errors, error limit reached. Validation aborted.',
  'Maximum introspection depth exceeded',
  'Must provide operation name if query contains multiple operations.',
  'Must provide an operation.',
];

/** Errors in arguments and variables. They have no code. */
const inputTemplates = [
  'Argument "{}" of required type "<>" was not provided.',
  'Argument "{}" of required type "<>" was provided the variable "${}" which was not provided a runtime value.',
  'Argument "{}" of non-null type "<>" must not be null.',
  'Too many errors processing variables, error limit reached. Execution aborted.',
];

/** Errors inside a variable. The only keys that graphql-js names here are fields of the schema. */
const variableTemplates = [
  'Expected non-nullable type "<>" not to be null.',
  'Expected type "{}" to be an object.',
  'Field "{}" of required type "<>" was not provided.',
  'Exactly one key must be specified for OneOf type "{}".',
  'Field "{}" must be non-null.',
];

const operationTemplates = ['Schema is not configured to execute {} operation.'];

/** What Apollo Server says of a request that is none of GraphQL over HTTP. */
const requestTemplates = [
  "The '{}' search parameter may only be specified once.",
  'The {} search parameter contains invalid JSON.',
  'The {} search parameter should contain a JSON-encoded object.',
  'GraphQL queries must be strings.',
  'POST body missing, invalid Content-Type, or JSON object has no keys.',
  '`{}` in a POST body should be provided as an object, not a recursively JSON-encoded string.',
  '`{}` in a POST body must be an object if provided.',
  '`{}` in a POST body must be a string if provided.',
  'GET requests may not have a content-type header other than application/json.',
  'GET requests only support query operations, not {} operations',
  'Apollo Server supports only GET/POST requests.',
  'Operation batching disabled.',
  'GraphQL operations must contain a non-empty `query` or a `persistedQuery` extension.',
  'Unsupported persisted query version',
  'provided sha does not match query',
  'PersistedQueryNotSupported',
];

/** Messages that are replaced, by their beginning. */
const rewritten: readonly (readonly [start: string, text: PublicMessage])[] = [
  [
    'GraphQL introspection is not allowed by Apollo Server',
    { message: 'Introspection is disabled.', code: 'GRAPHQL_VALIDATION_FAILED' },
  ],
  [
    'This operation has been blocked as a potential Cross-Site Request Forgery',
    {
      message:
        'The request could be a cross-site request forgery. Send it with the content type application/json, or with ' +
        'the header apollo-require-preflight.',
      code: 'BAD_REQUEST',
    },
  ],
  [
    'Validation aborted.',
    { message: 'The document has too many fields of the same name.', code: 'GRAPHQL_VALIDATION_FAILED' },
  ],
];

/** Bounds the time of the regular expressions. Only absurdly long names make a message longer than this. */
export const LONGEST_MESSAGE = 2000;

const NAME = '[_A-Za-z][_0-9A-Za-z]*';
const TYPE = '[\\[\\]!_0-9A-Za-z]+';

const compile = (templates: readonly string[]): RegExp => {
  const patterns = templates.map((template) =>
    template
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replaceAll('\\{\\}', NAME)
      .replaceAll('<>', TYPE),
  );
  return new RegExp(`^(?:${patterns.join('|')})$`);
};

const DOCUMENT = compile(documentTemplates);
const INPUT = compile(inputTemplates);
const VARIABLE = compile(variableTemplates);
const OPERATION = compile(operationTemplates);
const REQUEST = compile(requestTemplates);
const FRAGMENT_CYCLE = new RegExp(`^Cannot spread fragment "${NAME}" within itself via "${NAME}"(?:, "${NAME}")*\\.$`);
/** The reason is nested and abbreviated. It consists of names, types and a few fixed words. */
const FIELD_CONFLICT =
  /^Fields "[\w.]+" conflict because [\w ",.[\]!]+\. Use different aliases on the fields to fetch both if this was intentional\.$/;

/** The suggestion that graphql-js appends to a message: similar names of the schema. */
const SUGGESTION = / Did you mean (?:[a-z ]+ )?"[\w .{}]+"(?:,? (?:or )?"[\w .{}]+")*\?$/;

/** The suggestion at the end of a message, or the empty string. */
export const suggestionOf = (message: string): string =>
  message.length <= LONGEST_MESSAGE ? (SUGGESTION.exec(message)?.[0] ?? '') : '';

/** Whether a message about a value inside a variable is safe. */
export const isVariableTemplate = (message: string): boolean => VARIABLE.test(message);

/** The public text of a known message, null for every other. `suggestions` as in `toPublicMessage`. */
export function templateText(full: string, suggestions: boolean): PublicMessage | null {
  const replacement = rewritten.find(([start]) => full.startsWith(start));
  if (replacement) return replacement[1];
  if (full.length > LONGEST_MESSAGE) return null;
  const suggestion = suggestionOf(full);
  const message = full.slice(0, full.length - suggestion.length);
  if (DOCUMENT.test(message) || FRAGMENT_CYCLE.test(message) || FIELD_CONFLICT.test(message))
    return { message: suggestions ? full : message };
  if (INPUT.test(message)) return { message, code: 'BAD_USER_INPUT' };
  if (OPERATION.test(message)) return { message, code: 'OPERATION_RESOLUTION_FAILURE' };
  if (REQUEST.test(message)) return { message, code: 'BAD_REQUEST' };
  return null;
}
