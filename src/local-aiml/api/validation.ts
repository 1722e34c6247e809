/**
 * Checks bodies with zod, and turns what zod finds into an {@link ApiError} of 400 in the words of OpenAI's validator. The
 * messages name the parameter and never contain text of the request.
 *
 * The body itself is used, not zod's output, which lacks an own `__proto__` and reorders members. So schemas here only
 * check: no defaults, no transforms.
 */
import { z } from 'zod';
import { countCodePoints, isLongerThan } from '../../runtime/code-points.ts';
import { ApiError, invalid, parameterError } from './api-error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../wire/json.ts';

/**
 * Returns the body itself, or `ifNone` if the request has none, after `prepare`. The function throws an ApiError of 400.
 */
export function createBodyReader<S extends z.ZodType>(
  schema: S,
  ifNone: JsonValue = null,
  prepare: (body: JsonValue) => JsonValue = (body) => body,
): (body: JsonValue) => z.output<S> {
  return (sent) => {
    const given = sent ?? ifNone;
    const body = prepare(given);
    const issue = schema.safeParse(body).error?.issues[0];
    // The messages say what the request has, a required null included.
    if (issue) throw toApiError(issue, [], given);
    return body as z.output<S>;
  };
}

/** Members whose values are the client's own data. */
const DATA: ReadonlySet<string> = new Set(['metadata', 'parameters', 'schema']);

/**
 * The body without the members of nested objects that are null: that is the same as leaving them out. Nulls of the body itself
 * stay, because they clear the member on modify.
 */
export function withoutNestedNulls(body: JsonValue): JsonValue {
  if (!isJsonObject(body)) return body;
  return mapMembers(body, (value, name) => (DATA.has(name) ? value : withoutNulls(value)));
}

function withoutNulls(value: JsonValue): JsonValue {
  if (Array.isArray(value)) {
    const items = value as readonly JsonValue[];
    const kept = items.map(withoutNulls);
    return kept.some((item, index) => item !== items[index]) ? kept : items;
  }
  if (!isJsonObject(value)) return value;
  return mapMembers(value, (item, name) => (item === null ? undefined : DATA.has(name) ? item : withoutNulls(item)));
}

/** Undefined removes a member. The object itself if nothing changes: a copy would take the memory of a large body twice. */
function mapMembers(object: JsonObject, map: (value: JsonValue, name: string) => JsonValue | undefined): JsonObject {
  const entries = Object.entries(object);
  const mapped = entries.map(([name, value]) => [name, map(value, name)] as const);
  if (mapped.every(([, value], index) => value === entries[index]?.[1])) return object;
  return Object.fromEntries(mapped.filter((entry): entry is readonly [string, JsonValue] => entry[1] !== undefined));
}

/** A text of at most `max` Unicode code points. */
export const text = (max: number) =>
  z.string().check((context) => {
    if (isLongerThan(context.value, max))
      context.issues.push({ code: 'too_big', origin: 'string', maximum: max, input: context.value });
  });

export const nonEmptyText = z.string().min(1);

/** The name of a function or a schema. */
export const identifier = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);

const METADATA = { pairs: 16, keyLength: 64, valueLength: 512 };

/** A flat object of strings. Its keys are the client's data, so messages name the parameter as a whole. */
export const metadata = z.custom<Readonly<Record<string, string>>>().check((context) => {
  const problem = findMetadataProblem(context.value);
  if (problem !== undefined) context.issues.push(expectation(problem, context.value));
});

function findMetadataProblem(value: unknown): string | undefined {
  if (!isJsonObject(value as JsonValue)) return `an object of strings, received ${kindOf(value)}`;
  const entries = Object.entries(value as JsonObject);
  if (entries.length > METADATA.pairs) return `at most ${METADATA.pairs} pairs`;
  for (const [key, item] of entries) {
    if (isLongerThan(key, METADATA.keyLength)) return `keys of at most ${METADATA.keyLength} characters`;
    if (typeof item !== 'string') return 'values that are strings';
    if (isLongerThan(item, METADATA.valueLength)) return `values of at most ${METADATA.valueLength} characters`;
  }
  return undefined;
}

/** Deeper than any JSON Schema that is meant, and far from what could exhaust the stack when it is written out. */
const MAX_DEPTH = 256;

/** Any JSON object that can be kept without loss. */
export const jsonObject = z.custom<JsonObject>().check((context) => {
  const value = context.value as JsonValue;
  const problem = isJsonObject(value) ? findLoss(value, 1) : `an object, received ${kindOf(value)}`;
  if (problem !== undefined) context.issues.push(expectation(problem, context.value));
});

function findLoss(value: JsonValue, depth: number): string | undefined {
  if (typeof value === 'number') {
    // A number that JSON.parse had to round or to make Infinity would come back as another one, or as null.
    const isKept = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
    return isKept ? undefined : 'numbers that can be kept exactly: finite, integers up to 2^53';
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > MAX_DEPTH) return `at most ${MAX_DEPTH} levels`;
  // A loop over the indexes of a list makes no text of each of them.
  if (Array.isArray(value)) {
    for (const item of value as readonly JsonValue[]) {
      const loss = findLoss(item, depth + 1);
      if (loss !== undefined) return loss;
    }
    return undefined;
  }
  const members = value as JsonObject;
  for (const name in members) {
    const loss = findLoss(members[name] ?? null, depth + 1);
    if (loss !== undefined) return loss;
  }
  return undefined;
}

/** An issue whose message completes the sentence "expected …". */
export function expectation(expected: string, input: unknown) {
  return { code: 'custom', params: { expected }, input } as const;
}

type Issue = z.core.$ZodIssue;

function toApiError(issue: Issue, base: readonly PropertyKey[], body: JsonValue): ApiError {
  const path = [...base, ...issue.path];
  const param = toParam(path);
  const value = valueAt(body, path);
  switch (issue.code) {
    case 'invalid_type':
      return typeError(param, value, issue.expected);
    case 'unrecognized_keys':
      return unknownParameter(param, issue.keys[0] ?? '');
    case 'invalid_value':
      return valueError(param, value, issue.values);
    case 'invalid_union':
      return unionError(issue, path, body);
    case 'too_big':
      return sizeError(param, value, issue.origin, 'maximum', Number(issue.maximum));
    case 'too_small':
      return sizeError(param, value, issue.origin, 'minimum', Number(issue.minimum));
    case 'custom':
      return invalid(param, String(issue.params?.['expected'] ?? 'another value'));
    case 'invalid_format':
      return parameterError(
        param,
        `Invalid '${param}': string does not match pattern. Expected 1 to 64 letters, digits, underscores and dashes.`,
      );
    default:
      return invalid(param, 'another value');
  }
}

function typeError(param: string, value: JsonValue | undefined, expected: string): ApiError {
  if (value === undefined)
    return parameterError(param, `Missing required parameter: '${param}'.`, 'missing_required_parameter');
  if (param === '') return new ApiError(400, 'Invalid body: expected a JSON object.');
  const message = `Invalid type for '${param}': expected ${nameOfType(expected)}, but got ${kindOf(value)} instead.`;
  return parameterError(param, message, 'invalid_type');
}

function valueError(param: string, value: JsonValue | undefined, values: readonly unknown[]): ApiError {
  if (typeof value !== 'string') return typeError(param, value, typeof values[0]);
  const quoted = values.map((item) => `'${String(item)}'`);
  const listed = quoted.length === 1 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1) ?? ''}`;
  return parameterError(param, `Invalid value for '${param}'. Supported values are: ${listed}.`);
}

/** Reports the branch that the value was meant for: the one that got beyond the type of the value. */
function unionError(issue: z.core.$ZodIssueInvalidUnion, path: readonly PropertyKey[], body: JsonValue): ApiError {
  const param = toParam(path);
  if (issue.discriminator !== undefined)
    return valueError(
      param,
      valueAt(body, path),
      'options' in issue && Array.isArray(issue.options) ? issue.options : [],
    );
  const meant = issue.errors.find(([first]) => first && (first.path.length > 0 || !isWrongKind(first)));
  if (meant?.[0]) return toApiError(meant[0], path, body);
  const values = issue.errors.flatMap(([first]) => (first?.code === 'invalid_value' ? first.values : []));
  const value = valueAt(body, path);
  if (typeof value === 'string' && values.length > 0) return valueError(param, value, values);
  return typeError(
    param,
    value,
    issue.errors.map(([first]) => (first?.code === 'invalid_type' ? first.expected : 'string')).join(' or '),
  );
}

const isWrongKind = ({ code }: Issue) => code === 'invalid_type' || code === 'invalid_value';

function sizeError(
  param: string,
  value: JsonValue | undefined,
  origin: string,
  bound: 'maximum' | 'minimum',
  limit: number,
): ApiError {
  const isMaximum = bound === 'maximum';
  if (origin === 'string' || origin === 'array') {
    const noun = origin === 'string' ? 'a string' : 'an array';
    const length = Array.isArray(value) ? value.length : countCodePoints(typeof value === 'string' ? value : '');
    const what = length === 0 ? `empty ${origin}` : `${origin} too ${isMaximum ? 'long' : 'short'}`;
    const got = length === 0 ? `an empty ${origin}` : `${noun} with length ${length}`;
    return parameterError(
      param,
      `Invalid '${param}': ${what}. Expected ${noun} with ${bound} length ${limit}, but got ${got} instead.`,
      length === 0 ? `empty_${origin}` : `${origin}_${isMaximum ? 'above_max' : 'below_min'}_length`,
    );
  }
  const kind = Number.isInteger(value) ? 'integer' : 'decimal';
  return outOfRange(param, kind, Number(value), bound, limit);
}

/** In the words of OpenAI's validator, which client programs match on. */
export function outOfRange(
  param: string,
  kind: 'integer' | 'decimal',
  value: number,
  bound: 'maximum' | 'minimum',
  limit: number,
): ApiError {
  const [side, sign, code] = bound === 'maximum' ? ['above', '<=', 'above_max'] : ['below', '>=', 'below_min'];
  return parameterError(
    param,
    `Invalid '${param}': ${kind} ${side} ${bound} value. Expected a value ${sign} ${limit}, but got ${value} instead.`,
    `${kind}_${code}_value`,
  );
}

/** A plain name is shown; anything else may be data. */
function unknownParameter(param: string, name: string): ApiError {
  const isPlainName = /^[A-Za-z_]{1,40}$/.test(name);
  const shown = isPlainName ? toParam(param === '' ? [name] : [param, name]) : param;
  const options = { code: 'unknown_parameter', ...(shown === '' ? {} : { param: shown }) };
  if (shown === '') return new ApiError(400, 'Unknown parameter.', options);
  return new ApiError(
    400,
    isPlainName ? `Unknown parameter: '${shown}'.` : `Unknown parameter in '${shown}'.`,
    options,
  );
}

/** The path of a parameter as messages show it: `tools[0].function.name`. */
function toParam(path: readonly PropertyKey[]): string {
  return path.reduce<string>((param, key) => {
    if (typeof key === 'number') return `${param}[${key}]`;
    return param === '' ? String(key) : `${param}.${String(key)}`;
  }, '');
}

function valueAt(body: JsonValue, path: readonly PropertyKey[]): JsonValue | undefined {
  let value: JsonValue | undefined = body;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as JsonObject)[String(key)];
  }
  return value;
}

function nameOfType(expected: string): string {
  const names: Readonly<Record<string, string>> = { int: 'an integer', array: 'an array', object: 'an object' };
  return expected
    .split(' or ')
    .map((name) => names[name] ?? `a ${name}`)
    .join(' or ');
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'an integer' : 'a decimal';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
