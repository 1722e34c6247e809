/**
 * Owns the building blocks with which the shape of a body is described and checked. A check passes or throws an
 * {@link ApiError} of 400 that names the parameter and what was expected there, never what stood there.
 * What an assistant's body looks like is not known here.
 */
import { ApiError, invalid } from './api-error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';

/** `param` is the path of the value in the body, as messages show it. */
export type Check = (value: JsonValue, param: string) => void;

function mismatch(param: string, expected: string, value: JsonValue): ApiError {
  return invalid(param, `${expected}, received ${kindOf(value)}`);
}

function missing(param: string): ApiError {
  return new ApiError(400, `Missing '${param}'.`, { param });
}

function readString(value: JsonValue, param: string): string {
  if (typeof value !== 'string') throw mismatch(param, 'a string', value);
  return value;
}

function kindOf(value: JsonValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

export const nullable =
  (check: Check): Check =>
  (value, param) => {
    if (value !== null) check(value, param);
  };

export const boolean: Check = (value, param) => {
  if (typeof value !== 'boolean') throw mismatch(param, 'a boolean', value);
};

export const string: Check = (value, param) => {
  readString(value, param);
};

/** A text of at most `max` Unicode code points. */
export const text =
  (max: number): Check =>
  (value, param) => {
    if (isLongerThan(readString(value, param), max)) throw invalid(param, `at most ${max} characters`);
  };

export const nonEmptyText: Check = (value, param) => {
  if (readString(value, param) === '') throw invalid(param, 'a string that is not empty');
};

export const identifier: Check = (value, param) => {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(readString(value, param)))
    throw invalid(param, '1 to 64 letters, digits, underscores and dashes');
};

export const oneOf =
  (...allowed: readonly string[]): Check =>
  (value, param) => {
    if (!allowed.includes(readString(value, param))) throw invalid(param, `one of ${allowed.join(', ')}`);
  };

export const number =
  (min: number, max: number): Check =>
  (value, param) => {
    if (typeof value !== 'number') throw mismatch(param, 'a number', value);
    if (!(value >= min && value <= max)) throw invalid(param, `a number from ${min} to ${max}`);
  };

export const integer =
  (min: number, max: number): Check =>
  (value, param) => {
    number(min, max)(value, param);
    if (!Number.isInteger(value)) throw invalid(param, 'an integer');
  };

export const listOf =
  (check: Check, max: number): Check =>
  (value, param) => {
    if (!Array.isArray(value)) throw mismatch(param, 'an array', value);
    if (value.length > max) throw invalid(param, `at most ${max} items`);
    value.forEach((item: JsonValue, index) => check(item, `${param}[${index}]`));
  };

/**
 * An object with these members and no others; `required` ones must be there. The root of a body has '' as its `param`.
 */
export const objectOf = (members: Readonly<Record<string, Check>>, required: readonly string[] = []): Check => {
  const checks = new Map(Object.entries(members));
  return (value, param) => {
    if (!isJsonObject(value)) throw param === '' ? notAnObject() : mismatch(param, 'an object', value);
    for (const name of Object.keys(value)) {
      const check = checks.get(name);
      if (check === undefined) throw unknownMember(param, name);
      check(memberOf(value, name), join(param, name));
    }
    for (const name of required) if (!Object.hasOwn(value, name)) throw missing(join(param, name));
  };
};

/** An object whose `type` says which of the shapes it has; a shape describes `type` too. */
export const byType = (shapes: Readonly<Record<string, Check>>): Check => {
  const checks = new Map(Object.entries(shapes));
  return (value, param) => {
    if (!isJsonObject(value)) throw mismatch(param, 'an object', value);
    if (!Object.hasOwn(value, 'type')) throw missing(`${param}.type`);
    const check = checks.get(readString(memberOf(value, 'type'), `${param}.type`));
    if (check === undefined) throw invalid(`${param}.type`, `one of ${[...checks.keys()].join(', ')}`);
    check(value, param);
  };
};

/** A flat object of strings. Its keys are the caller's data, so messages name the parameter as a whole. */
export const stringMap =
  (limits: { readonly pairs: number; readonly keyLength: number; readonly valueLength: number }): Check =>
  (value, param) => {
    if (!isJsonObject(value)) throw mismatch(param, 'an object', value);
    const entries = Object.entries(value);
    if (entries.length > limits.pairs) throw invalid(param, `at most ${limits.pairs} pairs`);
    for (const [key, item] of entries) {
      if (isLongerThan(key, limits.keyLength)) throw invalid(param, `keys of at most ${limits.keyLength} characters`);
      if (typeof item !== 'string') throw invalid(param, 'values that are strings');
      if (isLongerThan(item, limits.valueLength))
        throw invalid(param, `values of at most ${limits.valueLength} characters`);
    }
  };

/** Deeper than any JSON Schema that is meant, and far from what could exhaust the stack when it is written out. */
const MAX_DEPTH = 256;

/** Any JSON object that can be kept without loss. */
export const jsonObject: Check = (value, param) => {
  if (!isJsonObject(value)) throw mismatch(param, 'an object', value);
  refuseLossy(value, param, 1);
};

function refuseLossy(value: JsonValue, param: string, depth: number): void {
  if (typeof value === 'number') {
    // A number that JSON.parse had to round or to make Infinity would come back as another one, or as null.
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
      throw invalid(param, 'numbers that can be kept exactly: finite, integers up to 2^53');
  } else if (typeof value === 'object' && value !== null) {
    if (depth > MAX_DEPTH) throw invalid(param, `at most ${MAX_DEPTH} levels`);
    for (const item of Object.values<JsonValue>(value)) refuseLossy(item, param, depth + 1);
  }
}

function memberOf(value: JsonObject, name: string): JsonValue {
  return value[name] ?? null;
}

function notAnObject(): ApiError {
  return new ApiError(400, 'Invalid body: expected a JSON object.');
}

/** A name that looks like one is shown; anything else may be data that ended up in the wrong place. */
function unknownMember(param: string, name: string): ApiError {
  const isPlainName = /^[A-Za-z_]{1,40}$/.test(name);
  const shown = isPlainName ? join(param, name) : param;
  if (shown === '') return new ApiError(400, 'Unknown parameter.');
  return new ApiError(400, isPlainName ? `Unknown parameter: '${shown}'.` : `Unknown parameter in '${shown}'.`, {
    param: shown,
  });
}

function join(param: string, name: string): string {
  return param === '' ? name : `${param}.${name}`;
}

/** Counts code points, and only where the count is in doubt: a code point is one or two UTF-16 units. */
function isLongerThan(value: string, max: number): boolean {
  if (value.length <= max) return false;
  if (value.length > 2 * max) return true;
  let count = 0;
  for (let i = 0; i < value.length && count <= max; count++) i += (value.codePointAt(i) ?? 0) > 0xffff ? 2 : 1;
  return count > max;
}
