/**
 * Makes a value that fits a JSON Schema, from given values and defaults. It is deterministic and knows the keywords that
 * function parameters use. For a schema that no value fits it makes the nearest one.
 */
import { arrayOf, isJsonObject, objectOf, type JsonObject, type JsonValue } from '../../wire/json.ts';
import { matchingText } from './pattern-text.ts';

type Schema = JsonValue | undefined;

/** A schema that refers to itself ends here. */
const MAX_DEPTH = 24;
const MAX_ITEMS = 64;
/** Schemas looked at for the values of one reply: references can make a small schema grow without bound. */
const MAX_SCHEMAS = 5_000;
/** What these schemas and values may come to, in members, items and characters: lists repeat what is large. */
const MAX_SIZE = 250_000;

/** What may still be spent on the values of one reply. Once too little was left, nothing is. */
export class ValueBudget {
  #schemas = MAX_SCHEMAS;
  #size = MAX_SIZE;

  /** `measure` is not called if nothing is left. */
  spend(measure: () => number): boolean {
    if (this.#size >= 0) this.#size -= measure();
    return this.#size >= 0;
  }

  /** False if this schema may not be looked at. */
  visit(schema: JsonObject): boolean {
    return this.spend(() => (--this.#schemas >= 0 ? sizeOf(schema) : Infinity));
  }
}

/** `given`: values to take where they fit, by name of the property, at any depth; undefined for none. */
export function createValue(schema: Schema, given?: JsonValue, budget = new ValueBudget()): JsonValue {
  return new ValueFactory(schema, budget).create(schema, given, 0);
}

class ValueFactory {
  readonly #root: Schema;
  readonly #budget: ValueBudget;

  constructor(root: Schema, budget: ValueBudget) {
    this.#root = root;
    this.#budget = budget;
  }

  create(unresolved: Schema, given: JsonValue | undefined, depth: number): JsonValue {
    const schema = this.#resolve(unresolved);
    if (!isJsonObject(schema) || depth > MAX_DEPTH || !this.#budget.spend(() => 1)) return given ?? {};
    if (schema['const'] !== undefined) return this.#copy(schema['const']);
    const choices = arrayOf(schema['enum']);
    if (choices) return this.#choose(choices, given);
    const type = typeOf(schema, given);
    if (given === undefined && schema['default'] !== undefined && hasType(schema['default'], type))
      return this.#copy(schema['default']);
    switch (type) {
      case 'object':
        return this.#object(schema, objectOf(given) ?? {}, depth);
      case 'array':
        return this.#array(schema, arrayOf(given) ?? (given === undefined ? [] : [given]), depth);
      case 'string':
        return this.#text(schema, given);
      case 'number':
      case 'integer':
        return createNumber(schema, given, type);
      case 'boolean':
        return typeof given === 'boolean' ? given : true;
      default:
        return null;
    }
  }

  /** A part of the schema. A list may have it many times. */
  #copy(value: JsonValue): JsonValue {
    return this.#budget.spend(() => JSON.stringify(value).length) ? value : {};
  }

  #choose(choices: readonly JsonValue[], given: JsonValue | undefined): JsonValue {
    const [first = null] = choices;
    if (given === undefined) return this.#copy(first);
    if (typeof given !== 'object' || given === null) return choices.includes(given) ? given : this.#copy(first);
    if (!this.#budget.spend(() => JSON.stringify(choices).length)) return {};
    const wanted = JSON.stringify(given);
    return choices.find((choice) => JSON.stringify(choice) === wanted) ?? this.#copy(first);
  }

  #text(schema: JsonObject, given: JsonValue | undefined): string {
    const text = createText(schema, given);
    return this.#budget.spend(() => text.length) ? text : '';
  }

  #object(schema: JsonObject, given: JsonObject, depth: number): JsonValue {
    const properties = objectOf(schema['properties']) ?? {};
    const required = new Set((arrayOf(schema['required']) ?? []).filter((name) => typeof name === 'string'));
    const isOpen = schema['additionalProperties'] !== false;
    const names = new Set([
      ...Object.keys(properties).filter((name) => required.has(name) || Object.hasOwn(given, name)),
      ...required,
      ...(isOpen ? Object.keys(given) : []),
    ]);
    const entries = [...names].map((name): [string, JsonValue] => {
      const value = Object.hasOwn(given, name) ? given[name] : undefined;
      if (Object.hasOwn(properties, name)) return [name, this.create(properties[name], value, depth + 1)];
      const others = schema['additionalProperties'];
      return [name, isJsonObject(others) ? this.create(others, value, depth + 1) : (value ?? null)];
    });
    return Object.fromEntries(entries);
  }

  #array(schema: JsonObject, given: readonly JsonValue[], depth: number): JsonValue {
    const prefix = arrayOf(schema['prefixItems']) ?? [];
    const min = Math.min(MAX_ITEMS, Math.max(countOf(schema['minItems']) ?? 0, prefix.length));
    const max = Math.min(MAX_ITEMS, countOf(schema['maxItems']) ?? MAX_ITEMS);
    const length = Math.max(min, Math.min(max, given.length === 0 && max > 0 && schema['items'] ? 1 : given.length));
    const items = Array.from({ length }, (_, index) =>
      this.create(prefix[index] ?? schema['items'] ?? {}, given[index], depth + 1),
    );
    return schema['uniqueItems'] === true ? toUnique(items) : items;
  }

  /** Follows references, merges `allOf`, and takes the first of alternatives. */
  #resolve(schema: Schema, depth = 0): Schema {
    if (!isJsonObject(schema) || depth > MAX_DEPTH || !this.#budget.visit(schema)) return schema;
    const reference = schema['$ref'];
    if (typeof reference === 'string') {
      const target = this.#resolve(this.#find(reference), depth + 1);
      const own = without(schema, '$ref');
      return isJsonObject(target) && this.#budget.spend(() => sizeOf(target)) ? { ...target, ...own } : own;
    }
    const alternatives = arrayOf(schema['anyOf']) ?? arrayOf(schema['oneOf']);
    if (alternatives) {
      const resolved = alternatives.map((item) => this.#resolve(item, depth + 1));
      const chosen = resolved.find((item) => isJsonObject(item) && item['type'] !== 'null') ?? resolved.at(0);
      const others = without(schema, 'anyOf', 'oneOf');
      return this.#merge(others, chosen);
    }
    const parts = arrayOf(schema['allOf']);
    if (!parts) return schema;
    return parts
      .map((part) => this.#resolve(part, depth + 1))
      .reduce<JsonObject>((all, part) => this.#merge(all, part), without(schema, 'allOf'));
  }

  #merge(left: JsonObject, right: Schema): JsonObject {
    return isJsonObject(right) && this.#budget.spend(() => sizeOf(left) + sizeOf(right)) ? merge(left, right) : left;
  }

  #find(reference: string): Schema {
    if (!reference.startsWith('#')) return {};
    let found: Schema = this.#root;
    for (const part of reference.slice(1).split('/').slice(1)) {
      const name = decode(part).replaceAll('~1', '/').replaceAll('~0', '~');
      found = isJsonObject(found) && Object.hasOwn(found, name) ? found[name] : undefined;
    }
    return found;
  }
}

/** Without what is below its members: those are looked at by themselves. */
function sizeOf(schema: JsonObject): number {
  let size = 1;
  for (const value of Object.values(schema)) {
    const isSized = typeof value === 'string' || Array.isArray(value);
    size += 1 + (isSized ? value.length : isJsonObject(value) ? Object.keys(value).length : 0);
  }
  return size;
}

/** A text that is not percent-encoded is taken as it is. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function without(schema: JsonObject, ...names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => !names.includes(name)));
}

function merge(left: JsonObject, right: JsonObject): JsonObject {
  const properties = { ...objectOf(left['properties']), ...objectOf(right['properties']) };
  const required = [...(arrayOf(left['required']) ?? []), ...(arrayOf(right['required']) ?? [])];
  return {
    ...left,
    ...right,
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    ...(required.length === 0 ? {} : { required }),
  };
}

type TypeName = 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null';

function typeOf(schema: JsonObject, given: JsonValue | undefined): TypeName {
  const named = schema['type'];
  const types = (arrayOf(named) ?? [named]).filter((type) => typeof type === 'string');
  const fitting = given === undefined ? undefined : types.find((type) => hasType(given, type));
  const type = fitting ?? types.find((item) => item !== 'null') ?? types.at(0);
  if (type !== undefined) return type as TypeName;
  if (schema['properties'] !== undefined || schema['required'] !== undefined) return 'object';
  if (schema['items'] !== undefined || schema['prefixItems'] !== undefined) return 'array';
  if (schema['pattern'] !== undefined || schema['format'] !== undefined) return 'string';
  if (schema['minimum'] !== undefined || schema['maximum'] !== undefined) return 'number';
  if (given === undefined) return 'string';
  if (given === null) return 'null';
  return Array.isArray(given) ? 'array' : (typeof given as TypeName);
}

function hasType(value: JsonValue, type: string): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isJsonObject(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2030-01-01T12:00:00Z',
  date: '2030-01-01',
  time: '12:00:00Z',
  duration: 'P1D',
  email: 'someone@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
};

function createText(schema: JsonObject, given: JsonValue | undefined): string {
  const min = countOf(schema['minLength']) ?? 0;
  const max = countOf(schema['maxLength']) ?? Infinity;
  const { format, pattern } = schema;
  const isScalar = typeof given === 'string' || typeof given === 'number' || typeof given === 'boolean';
  if (isScalar) return fitLength(String(given), min, max);
  if (typeof pattern === 'string') return matchingText(pattern);
  if (typeof format === 'string' && Object.hasOwn(FORMATS, format)) return FORMATS[format] ?? '';
  return fitLength('example', min, max);
}

function fitLength(text: string, min: number, max: number): string {
  const characters = Array.from(text);
  if (characters.length > max) return characters.slice(0, max).join('');
  return text + 'x'.repeat(Math.max(0, Math.min(min, 10_000) - characters.length));
}

function createNumber(schema: JsonObject, given: JsonValue | undefined, type: 'number' | 'integer'): number {
  const step = numberOf(schema['multipleOf']) ?? (type === 'integer' ? 1 : undefined);
  const gap = step ?? 0.5;
  const min = Math.max(
    numberOf(schema['minimum']) ?? -Infinity,
    (numberOf(schema['exclusiveMinimum']) ?? -Infinity) + gap,
  );
  const max = Math.min(
    numberOf(schema['maximum']) ?? Infinity,
    (numberOf(schema['exclusiveMaximum']) ?? Infinity) - gap,
  );
  const wanted = typeof given === 'number' ? given : typeof given === 'string' && given !== '' ? Number(given) : 1;
  const value = Math.min(max, Math.max(min, Number.isFinite(wanted) ? wanted : 1));
  if (step === undefined || step <= 0) return value;
  const up = Math.ceil(value / step) * step;
  return up <= max ? up : Math.floor(value / step) * step;
}

/** Items that are equal get a number behind them where that can be. */
function toUnique(items: readonly JsonValue[]): JsonValue[] {
  const seen = new Set<string>();
  return items.flatMap((item, index) => {
    const changed = typeof item === 'string' ? `${item}${index}` : typeof item === 'number' ? item + index : item;
    const unique = seen.has(JSON.stringify(item)) ? changed : item;
    if (seen.has(JSON.stringify(unique))) return [];
    seen.add(JSON.stringify(unique));
    return [unique];
  });
}

function numberOf(value: Schema): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function countOf(value: Schema): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}
