/**
 * How the value of a field becomes a part of the response, compiled from its type and its selections. There are two ways
 * with the same result: `complete` makes values for JSON.stringify, at once, and `write` makes JSON, a part at a time. A plan
 * covers values that fit their types only. For any other value both throw an {@link UnexpectedValueError}, and graphql-js
 * completes the field.
 */
import type {
  GraphQLAbstractType,
  GraphQLFieldResolver,
  GraphQLLeafType,
  GraphQLObjectType,
  GraphQLResolveInfo,
  GraphQLSchema,
} from 'graphql';
import { jsonLength, SHORT_VALUE_LENGTH, type JsonWriter } from './json-writer.ts';

class UnexpectedValueError extends Error {}

class TurnExceeded extends Error {}

/** How much more may be completed in this turn, in about characters of JSON. */
export interface Meter {
  left: number;
}

/** Larger responses are written in parts. About 10 ms of work. */
export const MAX_WORK_AT_ONCE = 512 * 1024;

export interface ValuePlan {
  /** Throws {@link UnexpectedValueError} or {@link TurnExceeded}. */
  complete(value: unknown, meter: Meter): unknown;
  /** Throws or rejects with {@link UnexpectedValueError} or a ResponseTooLargeError. */
  write(value: unknown, writer: JsonWriter): Promise<void> | void;
}

const UNEXPECTED = new UnexpectedValueError();
const TURN_EXCEEDED = new TurnExceeded();

function unexpected(): never {
  throw UNEXPECTED;
}

export class NonNullPlan implements ValuePlan {
  readonly #nullable: ValuePlan;

  constructor(nullable: ValuePlan) {
    this.#nullable = nullable;
  }

  complete(value: unknown, meter: Meter): unknown {
    return this.#nullable.complete(value, meter) ?? unexpected();
  }

  write(value: unknown, writer: JsonWriter): Promise<void> | void {
    if (value === null || value === undefined) unexpected();
    return this.#nullable.write(value, writer);
  }
}

export class ListPlan implements ValuePlan {
  readonly #item: ValuePlan;

  constructor(item: ValuePlan) {
    this.#item = item;
  }

  complete(value: unknown, meter: Meter): unknown {
    if (value === null || value === undefined) return null;
    if (!Array.isArray(value)) return unexpected();
    const items = new Array<unknown>(value.length);
    for (let index = 0; index < value.length; index += 1) {
      if ((meter.left -= 1) < 0) throw TURN_EXCEEDED;
      items[index] = this.#item.complete(value[index], meter);
    }
    return items;
  }

  write(value: unknown, writer: JsonWriter): Promise<void> | void {
    if (value === null || value === undefined) {
      writer.append('null');
      return;
    }
    if (!Array.isArray(value)) return unexpected();
    return writer.list(value, (item) => this.#item.write(item, writer));
  }
}

export interface FieldPlan {
  readonly key: string;
  /** The property of the value. `__typename` has none; its value is `value`. */
  readonly name: string;
  /** Called with the object. Null if a property is read. */
  readonly resolve: ((source: unknown) => unknown) | null;
  readonly plan: ValuePlan;
}

export class ObjectPlan implements ValuePlan {
  readonly #fields: readonly FieldPlan[];
  readonly #weight: number;

  constructor(fields: readonly FieldPlan[]) {
    this.#fields = fields;
    this.#weight = fields.reduce((sum, { key }) => sum + key.length + 4, 2);
  }

  complete(value: unknown, meter: Meter): unknown {
    if (value === null || value === undefined) return null;
    const source = toSource(value);
    if ((meter.left -= this.#weight) < 0) throw TURN_EXCEEDED;
    const data: Record<string, unknown> = {};
    for (const { key, name, resolve, plan } of this.#fields)
      data[key] = plan.complete(resolve === null ? source[name] : resolve(source), meter);
    return data;
  }

  write(value: unknown, writer: JsonWriter): Promise<void> | void {
    if (value === null || value === undefined) {
      writer.append('null');
      return;
    }
    return this.#write(toSource(value), writer);
  }

  async #write(source: Readonly<Record<string, unknown>>, writer: JsonWriter): Promise<void> {
    let separator = '{';
    for (const { key, name, resolve, plan } of this.#fields) {
      writer.append(`${separator}${JSON.stringify(key)}:`);
      separator = ',';
      const written = plan.write(resolve === null ? source[name] : resolve(source), writer);
      if (written) await written;
      if (writer.isDue) await writer.yield();
    }
    writer.append(separator === '{' ? '{}' : '}');
  }
}

function toSource(value: object): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value instanceof Error || 'then' in value) unexpected();
  return value as Readonly<Record<string, unknown>>;
}

/** Values of one class have one type, so the type of each class is resolved once. */
export class AbstractPlan implements ValuePlan {
  readonly #type: GraphQLAbstractType;
  readonly #plans: ReadonlyMap<string, ValuePlan>;
  readonly #byClass = new Map<unknown, ValuePlan>();

  /** `plans` by the names of the possible types. */
  constructor(type: GraphQLAbstractType, plans: ReadonlyMap<string, ValuePlan>) {
    this.#type = type;
    this.#plans = plans;
  }

  complete(value: unknown, meter: Meter): unknown {
    if (value === null || value === undefined) return null;
    return this.#planOf(value).complete(value, meter);
  }

  write(value: unknown, writer: JsonWriter): Promise<void> | void {
    if (value === null || value === undefined) {
      writer.append('null');
      return;
    }
    return this.#planOf(value).write(value, writer);
  }

  #planOf(value: object): ValuePlan {
    const { constructor } = value;
    let plan = this.#byClass.get(constructor);
    if (!plan) {
      // type-graphql decides by the class alone and looks at nothing else.
      const name: unknown = this.#type.resolveType?.(value, undefined, NO_INFO, this.#type);
      plan = typeof name === 'string' ? this.#plans.get(name) : undefined;
      if (!plan) return unexpected();
      this.#byClass.set(constructor, plan);
    }
    return plan;
  }
}

/** The argument that `resolveType` of type-graphql ignores. */
const NO_INFO = Object.freeze({}) as GraphQLResolveInfo;

/** The JavaScript types of the built-in scalars whose values need no conversion. */
const PLAIN: Readonly<Record<string, string>> = { String: 'string', ID: 'string', Boolean: 'boolean' };

/** Other values are serialized by their type. */
export class LeafPlan implements ValuePlan {
  readonly #type: GraphQLLeafType;
  readonly #plain: string | undefined;

  constructor(type: GraphQLLeafType) {
    this.#type = type;
    this.#plain = PLAIN[type.name];
  }

  complete(value: unknown, meter: Meter): unknown {
    if (typeof value === this.#plain) {
      meter.left -= typeof value === 'string' ? value.length : SHORT_VALUE_LENGTH;
      return value;
    }
    const serialized = this.#serialize(value);
    if (typeof serialized === 'object' && serialized !== null) meter.left -= jsonLength(serialized, meter.left);
    else meter.left -= typeof serialized === 'string' ? serialized.length : SHORT_VALUE_LENGTH;
    return serialized;
  }

  write(value: unknown, writer: JsonWriter): Promise<void> | void {
    return writer.value(typeof value === this.#plain ? value : this.#serialize(value));
  }

  #serialize(value: unknown): unknown {
    if (value === null || value === undefined) return null;
    if (typeof value === 'function' || value instanceof Error) return unexpected();
    try {
      return this.#type.serialize(value) ?? unexpected();
    } catch {
      return unexpected();
    }
  }
}

export class TypeNamePlan implements ValuePlan {
  readonly #name: string;
  readonly #json: string;

  constructor({ name }: GraphQLObjectType) {
    this.#name = name;
    this.#json = JSON.stringify(name);
  }

  complete(_value: unknown, meter: Meter): string {
    meter.left -= this.#name.length;
    return this.#name;
  }

  write(_value: unknown, writer: JsonWriter): void {
    writer.append(this.#json);
  }
}

/** A resolver of introspection: it looks at its arguments and the schema, and returns at once. */
export const toIntrospectionResolver = (
  resolve: GraphQLFieldResolver<unknown, unknown>,
  args: Readonly<Record<string, unknown>>,
  schema: GraphQLSchema,
): FieldPlan['resolve'] => {
  const info = Object.freeze({ schema }) as GraphQLResolveInfo;
  return (source) => resolve(source, args, undefined, info);
};
