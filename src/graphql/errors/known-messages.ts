/**
 * The messages of graphql-js and Apollo Server that may be sent as they are: each holds names of the document and the
 * schema, and nothing else. A message that fits none of these is somebody's value until shown otherwise.
 */
import type { ErrorCode } from './codes.ts';

/** A text for the caller; `code` is set where the code that Apollo Server gives, or lacks, is not the right one. */
export interface PublicMessage {
  readonly message: string;
  readonly code?: ErrorCode;
}

/** `{}` stands for a name, `<>` for a type. */
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

/** Found while arguments and variables are read; they come without a code. */
const inputTemplates = [
  'Argument "{}" of required type "<>" was not provided.',
  'Argument "{}" of required type "<>" was provided the variable "${}" which was not provided a runtime value.',
  'Argument "{}" of non-null type "<>" must not be null.',
  'Too many errors processing variables, error limit reached. Execution aborted.',
];

/** What graphql-js finds wrong inside a variable; of the keys of a variable it names those of the schema alone. */
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

/** Messages that are better told in words of our own, by the way they begin. */
const rewritten: readonly (readonly [start: string, text: PublicMessage])[] = [
  [
    'GraphQL introspection is not allowed by Apollo Server',
    { message: 'Introspection is switched off.', code: 'GRAPHQL_VALIDATION_FAILED' },
  ],
  [
    'This operation has been blocked as a potential Cross-Site Request Forgery',
    {
      message:
        'The request could come from another site without its user knowing. Send it with the content type ' +
        'application/json, or with the header apollo-require-preflight.',
      code: 'BAD_REQUEST',
    },
  ],
  [
    "An 'accept' header was provided for this request which does not accept",
    { message: 'Accept application/json or application/graphql-response+json.', code: 'BAD_REQUEST' },
  ],
  [
    'Validation aborted.',
    { message: 'The document has too many fields of the same name.', code: 'GRAPHQL_VALIDATION_FAILED' },
  ],
];

/** No template is longer than this with its names filled in, unless the names are there to waste our time. */
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
/** The reason nests and abbreviates; it is made of names, types and a few fixed words. */
const FIELD_CONFLICT =
  /^Fields "[\w.]+" conflict because [\w ",.[\]!]+\. Use different aliases on the fields to fetch both if this was intentional\.$/;

/** What graphql-js appends to a message: names of the schema like the one that it did not find. */
const SUGGESTION = / Did you mean (?:[a-z ]+ )?"[\w .{}]+"(?:,? (?:or )?"[\w .{}]+")*\?$/;

/** The suggestion at the end of a message, the empty string where it has none. */
export const suggestionOf = (message: string): string =>
  message.length <= LONGEST_MESSAGE ? (SUGGESTION.exec(message)?.[0] ?? '') : '';

/** Whether a message about something inside a variable may be sent as it is. */
export const isVariableTemplate = (message: string): boolean => VARIABLE.test(message);

/** The text of a message that holds names only, null for every other. `suggestions` as in `toPublicMessage`. */
export function templateText(full: string, suggestions: boolean): PublicMessage | null {
  const other = rewritten.find(([start]) => full.startsWith(start));
  if (other) return other[1];
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
