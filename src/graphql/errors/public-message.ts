/**
 * The public message of an error, without any value of the client.
 *
 * graphql-js quotes values in its messages about syntax, literals and variables. Those messages are rebuilt here from
 * their fixed parts and the names in them. Safe by default: a message that is neither rebuilt here nor listed in
 * `known-messages.ts` is replaced by the message of its code.
 */
import { GraphQLError, Kind, type ASTNode } from 'graphql';
import {
  isVariableTemplate,
  LONGEST_MESSAGE,
  suggestionOf,
  templateText,
  type PublicMessage,
} from './known-messages.ts';
import { ServiceError } from './codes.ts';
import { pathOfLiteral } from './literal-path.ts';

/**
 * The public message, null if the error has no safe one.
 * `suggestions`: whether it may suggest names of the schema ("Did you mean …").
 */
export function toPublicMessage(error: GraphQLError, suggestions: boolean): PublicMessage | null {
  const text =
    variableText(error, suggestions) ??
    locatedText(error, ownText(error)) ??
    syntaxText(error.message) ??
    locatedText(error, templateText(error.message, suggestions)) ??
    argumentText(error.message) ??
    locatedText(error, literalText(error.message));
  return text && { ...text, message: shortened(text.message) };
}

/** A name can be as long as a document and occur in a hundred messages. */
const shortened = (message: string): string =>
  message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}…` : message;

/** Adds the path of the literal that an error is about. */
function locatedText({ nodes }: GraphQLError, text: PublicMessage | null): PublicMessage | null {
  const [node] = nodes ?? [];
  const literalPath = text && node && isLiteral(node) ? pathOfLiteral(node) : null;
  return text && literalPath ? { ...text, message: unusable(literalPath.owner, literalPath.path, text.message) } : text;
}

const unusable = (owner: string, path: string | null, reason: string): string =>
  `${owner} cannot be used${path === null ? '' : ` at "${path}"`}: ${reason}`;

const LITERALS: ReadonlySet<Kind> = new Set([
  Kind.BOOLEAN,
  Kind.ENUM,
  Kind.FLOAT,
  Kind.INT,
  Kind.LIST,
  Kind.NULL,
  Kind.OBJECT,
  Kind.STRING,
]);
const isLiteral = ({ kind }: ASTNode): boolean => LITERALS.has(kind);

/** Our own errors are wrapped: graphql-js adds the location, Apollo Server the code. */
function ownText(error: Error | undefined): PublicMessage | null {
  if (error instanceof ServiceError) return { message: error.message };
  return error instanceof GraphQLError ? ownText(error.originalError) : null;
}

/** `Variable "$name" got invalid value <value> at "name.path"; <reason>`, without the value. */
function variableText(error: GraphQLError, suggestions: boolean): PublicMessage | null {
  const node = error.nodes?.[0];
  if (node?.kind !== Kind.VARIABLE_DEFINITION) return null;
  const name = node.variable.name.value;
  if (!error.message.startsWith(`Variable "$${name}" got invalid value `)) return null;
  const cause = error.originalError;
  const literalPath = cause && pathOf(error.message, cause.message, name);
  const reason = ownText(cause)?.message ?? valueReason(cause?.message ?? '', suggestions);
  return { message: unusable(`Variable "$${name}"`, literalPath ?? null, reason), code: 'BAD_USER_INPUT' };
}

const PATH = /^(?:\.[_A-Za-z][_0-9A-Za-z]*|\[\d+\])+$/;

/**
 * The path inside the variable, null if the message has none. It consists of fields of the schema and indexes. The end of
 * a value cannot look like one: quotation marks inside a value are escaped.
 */
function pathOf(message: string, reason: string, variable: string): string | null {
  const end = `"; ${reason}`;
  if (!message.endsWith(end)) return null;
  const start = message.lastIndexOf(` at "${variable}`, message.length - end.length);
  if (start < 0) return null;
  const path = message.slice(start + ` at "${variable}`.length, message.length - end.length);
  return PATH.test(path) ? variable + path : null;
}

/** Why a value of a variable is invalid. Keys inside a variable are values of the client, so they are not repeated. */
function valueReason(message: string, suggestions: boolean): string {
  const unknownField = /^Field "[^]*" is not defined by type "([_A-Za-z]\w*)"\./.exec(message);
  if (unknownField) {
    const suggestion = suggestions ? suggestionOf(message) : '';
    return `It holds a field that type "${unknownField[1] ?? ''}" does not have.${suggestion}`;
  }
  if (isVariableTemplate(message)) return message;
  return literalText(message)?.message ?? 'The value does not fit its type.';
}

const SCALAR =
  /^(?:Int cannot represent non-integer value|Int cannot represent non 32-bit signed integer value|Float cannot represent non numeric value|String cannot represent a non string value|Boolean cannot represent a non boolean value|ID cannot represent value|ID cannot represent a non-string and non-integer value)(?=: )/;
const ENUM_KIND = /^Enum "(\w+)" cannot represent non-(?:string|enum) value: /;
const ENUM_VALUE = /^Value "[^]*" does not exist in "(\w+)" enum\./;
const EXPECTED = /^Expected (?:value of )?type "([\w[\]!]+)"[.,]/;
const ARGUMENT = /^Argument "(\w+)" has invalid value /;

/** The part of graphql-js' message before the quoted value. */
function literalText(message: string): PublicMessage | null {
  const scalar = SCALAR.exec(message);
  if (scalar) return { message: `${scalar[0]}.` };
  const enumKind = ENUM_KIND.exec(message)?.[1];
  if (enumKind !== undefined) return { message: `Enum "${enumKind}" cannot represent a value of this kind.` };
  const enumValue = ENUM_VALUE.exec(message)?.[1];
  if (enumValue !== undefined) return { message: `The value does not exist in the enum "${enumValue}".` };
  const expected = EXPECTED.exec(message)?.[1];
  if (expected !== undefined) return { message: `Expected a value of type "${expected}".` };
  return null;
}

/** For a literal that is invalid only with the values of its variables. */
function argumentText(message: string): PublicMessage | null {
  const argument = ARGUMENT.exec(message)?.[1];
  if (argument === undefined) return null;
  return { message: `Argument "${argument}" has a value that cannot be used.`, code: 'BAD_USER_INPUT' };
}

const EXPECTED_TOKEN =
  /^Syntax Error: (?:Expected (?:"[\w!$&()=@[\]{}|:.]{1,20}"|[A-Z]\w+|<[SE]OF>), found|Unexpected) (?:"[!$&()=@[\]{}|:.]{1,3}"|<[SE]OF>|Name|Int|Float|String|BlockString|Comment)(?=[ .])/;
const FIXED_SYNTAX =
  /^Syntax Error: (?:Unterminated string|Invalid number|Invalid character within String|Invalid Unicode escape sequence|Invalid character escape sequence|Unexpected character|Invalid character|Unexpected description)(?=[ .,:])/;
const TOO_MANY_TOKENS = /^Syntax Error: Document contains more \w+ (\d+) tokens\b/;
const CONSTANT = /^Syntax Error: Unexpected variable "\$\w+" in constant value\.$/;

/** Keeps the kind of the unexpected token. Its text may be part of a value. */
function syntaxText(message: string): PublicMessage | null {
  if (!message.startsWith('Syntax Error: ')) return null;
  if (CONSTANT.test(message)) return { message };
  const limit = TOO_MANY_TOKENS.exec(message)?.[1];
  if (limit !== undefined) return { message: `The document has more than ${limit} tokens.` };
  if (message.startsWith('Syntax Error: Unexpected single quote character'))
    return { message: 'Syntax Error: Unexpected single quote character, strings have double quotes.' };
  const safePart = EXPECTED_TOKEN.exec(message)?.[0] ?? FIXED_SYNTAX.exec(message)?.[0];
  return { message: safePart === undefined ? 'Syntax Error: The document cannot be parsed.' : `${safePart}.` };
}
