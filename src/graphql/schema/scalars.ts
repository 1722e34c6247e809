/**
 * The scalars of the schema: DateTime, JSONObject and Metadata.
 *
 * They reject values that could not be forwarded without loss. Values of variables are checked, never copied. Messages
 * say what is wrong with a value and never contain it. The limits of metadata are checked by the input validator, which
 * reports them as user errors.
 */
import { GraphQLScalarType, Kind, type ValueNode } from 'graphql';
import type { JsonObject, WireMetadata } from '../../aiml/wire.ts';
import { ServiceError } from '../errors/codes.ts';
import { fromJsonLiteral, jsonProblem, type VariableValues } from './json-literal.ts';

const rejectValue = (message: string, node?: ValueNode): never => {
  throw new ServiceError('BAD_USER_INPUT', message, node);
};

/** RFC 3339 without leap seconds. */
const INSTANT =
  /^(\d{4}-\d{2}-\d{2})T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

function toInstant(value: unknown, node?: ValueNode): Date {
  const match = typeof value === 'string' ? INSTANT.exec(value) : null;
  const day = match?.[1];
  return match && day !== undefined && isDay(day)
    ? new Date(match[0])
    : rejectValue('A DateTime is an ISO 8601 instant with its offset, for example 2026-11-22T11:33:00.000Z.', node);
}

/** JavaScript parses February 30 as March 2. */
function isDay(day: string): boolean {
  const midnight = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}

const SECONDS_PER_DAY = 86_400;
let formattedDay = NaN;
let datePart = '';

const toTwoDigits = (value: number): string => (value < 10 ? `0${value}` : String(value));

/** What Date makes of Unix seconds. Most instants of a response are of one day, whose date is formatted once. */
function toIsoString(seconds: number): string {
  if (!Number.isInteger(seconds)) return new Date(seconds * 1000).toISOString();
  const day = Math.floor(seconds / SECONDS_PER_DAY);
  if (day !== formattedDay) {
    datePart = new Date(day * SECONDS_PER_DAY * 1000).toISOString().slice(0, -13);
    formattedDay = day;
  }
  const second = seconds - day * SECONDS_PER_DAY;
  const minute = Math.floor(second / 60);
  return `${datePart}${toTwoDigits(Math.floor(minute / 60))}:${toTwoDigits(minute % 60)}:${toTwoDigits(second % 60)}.000Z`;
}

/** Serializes a Date or Unix seconds. Parses to a Date. */
export const DateTime = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  description: 'An instant, ISO 8601 in UTC with milliseconds, for example `2026-11-22T11:33:00.000Z`.',
  specifiedByURL: 'https://datatracker.ietf.org/doc/html/rfc3339',
  serialize: (value) => {
    if (typeof value === 'number') return toIsoString(value);
    if (value instanceof Date) return value.toISOString();
    throw new TypeError('A DateTime is made from a Date or from Unix seconds.');
  },
  parseValue: (value) => toInstant(value),
  parseLiteral: (node) => toInstant(node.kind === Kind.STRING ? node.value : null, node),
});

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const JSONObject = new GraphQLScalarType<JsonObject, JsonObject>({
  name: 'JSONObject',
  description:
    'A JSON object, passed through unchanged, for example a JSON Schema. It holds what JSON can hold without loss: ' +
    'finite numbers, integers up to 2^53, and at most 64 levels of objects and lists.',
  serialize: (value) => {
    if (isObject(value)) return value;
    throw new TypeError('A JSONObject is made from an object.');
  },
  parseValue: (value) => {
    const problem = jsonProblem(value);
    if (problem) return rejectValue(`A JSONObject ${problem}.`);
    return isObject(value) ? value : rejectValue('A JSONObject is an object.');
  },
  parseLiteral: (node, variables) => {
    const value = literal(node, variables, 'A JSONObject');
    return isObject(value) ? value : rejectValue('A JSONObject is an object.', node);
  },
});

/** The description of inputs. */
export const METADATA_PAIRS =
  "The client's own pairs: at most 16, keys of at most 64 and values of at most 512 characters.";

const toMetadata = (value: unknown, node?: ValueNode): WireMetadata =>
  isObject(value) && isFlat(value) ? value : rejectValue('Metadata is an object whose values are strings.', node);

/** By a loop over the keys: lists of the values of an object with many keys take several times as long. */
function isFlat(value: JsonObject): value is WireMetadata {
  for (const key in value) if (typeof value[key] !== 'string') return false;
  return true;
}

export const Metadata = new GraphQLScalarType<WireMetadata, WireMetadata>({
  name: 'Metadata',
  description:
    'Up to 16 pairs of string keys (at most 64 characters) and string values (at most 512 characters), as a flat ' +
    'object, for example `{"team": "support"}`. Characters are Unicode code points.',
  serialize: (value) => {
    if (isObject(value)) return value as WireMetadata;
    throw new TypeError('Metadata is made from an object.');
  },
  parseValue: (value) => toMetadata(value),
  parseLiteral: (node, variables) => toMetadata(literal(node, variables, 'Metadata'), node),
});

/**
 * The value of a literal. Validation runs before the variables are available: there a literal is read as if its
 * variables were omitted.
 */
function literal(node: ValueNode, variables: VariableValues, scalar: string): unknown {
  const result = fromJsonLiteral(node, variables);
  return 'problem' in result ? rejectValue(`${scalar} ${result.problem}.`, node) : result.value;
}
