/**
 * How the value of a field becomes a part of the response, compiled from its type and its selections. There are two ways
 * with the same result: `complete` makes values for JSON.stringify, at once, and `write` makes JSON, a part at a time. A plan
 * covers values that fit their types only. For any other value both throw an {@link UnexpectedValueError}, and graphql-js
 * completes the field.
 */
import type {
  FieldNode,
  GraphQLAbstractType,
  GraphQLField,
  GraphQLFieldResolver,
  GraphQLLeafType,
  GraphQLObjectType,
  GraphQLResolveInfo,
  GraphQLSchema,
} from 'graphql';
import { jsonLength, SHORT_VALUE_LENGTH, type JsonWriter } from './json-writer.ts';
import { resultOf, withResults, type ResolverResult } from './resolved-object.ts';

class UnexpectedValueError extends Error {}

class TurnExceeded extends Error {}

/** How much more may be completed in this turn, in about characters of JSON. */
export interface Meter {
  left: number;
}

/** Larger responses are written in parts. About 10 ms of work. */
export const MAX_LENGTH_AT_ONCE = 512 * 1024;

type Path = GraphQLResolveInfo['path'];

/** A field whose resolver is called with each object of its type. */
export interface FieldWithResolver {
  readonly parentType: GraphQLObjectType;
  readonly definition: GraphQLField<unknown, unknown>;
  readonly nodes: readonly FieldNode[];
}

/** Calls the resolver of a field. Never rejects. */
export type CallResolver = (field: FieldWithResolver, source: unknown, path: Path) => Promise<ResolverResult>;

export interface ValuePlan {
  /**
   * Calls the resolvers of the fields below the value. Resolves to the value with their results, which `complete` and `write`
   * read. Null if no field below has a resolver.
   */
  readonly resolve: ((value: unknown, callResolver: CallResolver, path: Path) => Promise<unknown>) | null;
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

export const planNonNull = (nullable: ValuePlan): ValuePlan => ({
  resolve: nullable.resolve,
  complete: (value, meter) => nullable.complete(value, meter) ?? unexpected(),
  write: (value, writer) => nullable.write(value ?? unexpected(), writer),
});

export const planList = (item: ValuePlan): ValuePlan => ({
  resolve: item.resolve && resolveItems(item.resolve),
  complete: (value, meter) => {
    if (value === null || value === undefined) return null;
    if (!Array.isArray(value)) return unexpected();
    const items = new Array<unknown>(value.length);
    for (let index = 0; index < value.length; index += 1) {
      if ((meter.left -= 1) < 0) throw TURN_EXCEEDED;
      items[index] = item.complete(value[index], meter);
    }
    return items;
  },
  write: (value, writer) => {
    if (value === null || value === undefined) return writer.value(null);
    if (!Array.isArray(value)) return unexpected();
    return writeItems(item, value, writer);
  },
});

/** Items that are short together are completed and written at once, which takes a fraction of the time. */
async function writeItems(item: ValuePlan, items: readonly unknown[], writer: JsonWriter): Promise<void> {
  if (items.length === 0) writer.append('[');
  for (let start = 0; start < items.length;) {
    const completed = completeShort(item, items, start, writer.batchLength);
    writer.append(start === 0 ? '[' : ',');
    if (completed.length > 0) writer.append(JSON.stringify(completed).slice(1, -1));
    else {
      const written = item.write(items[start], writer);
      if (written) await written;
    }
    start += Math.max(completed.length, 1);
    if (writer.isDue) await writer.yield();
  }
  writer.append(']');
}

/** The items from `start` on that have at most `maxLength` together. Empty if the first one is longer. */
function completeShort(item: ValuePlan, items: readonly unknown[], start: number, maxLength: number): unknown[] {
  const meter: Meter = { left: maxLength };
  const completed: unknown[] = [];
  try {
    for (let index = start; index < items.length; index += 1) {
      const value = item.complete(items[index], meter);
      if ((meter.left -= 1) < 0) break;
      completed.push(value);
    }
  } catch (error) {
    if (error !== TURN_EXCEEDED) throw error;
  }
  return completed;
}

const resolveItems =
  (resolve: NonNullable<ValuePlan['resolve']>): ValuePlan['resolve'] =>
  async (value, callResolver, path) => {
    if (!Array.isArray(value)) return value;
    return Promise.all(value.map((item, key) => resolve(item, callResolver, { prev: path, key, typename: undefined })));
  };

export interface FieldPlan {
  readonly key: string;
  /** The property of the value. `__typename` has none; its value is `value`. */
  readonly name: string;
  /** Called with the object. Null if a property is read. */
  readonly read: ((source: object) => unknown) | null;
  readonly plan: ValuePlan;
}

export interface ObjectField extends Omit<FieldPlan, 'read'> {
  /** A resolver of introspection, a resolver to be called before, or null if a property is read. */
  readonly source: FieldPlan['read'] | FieldWithResolver;
}

export function planObject({ name: typename }: GraphQLObjectType, objectFields: readonly ObjectField[]): ValuePlan {
  const weight = objectFields.reduce((sum, { key }) => sum + key.length + 4, 2);
  const resolved = objectFields.filter(isResolved);
  const fields = objectFields.map((field): FieldPlan => {
    const { key, name, source, plan } = field;
    return {
      key,
      name,
      plan,
      read: hasResolver(source) || isResolved(field) ? (object) => valueOf(object, key) : source,
    };
  });
  const resolveField = async (
    { name, source, plan }: ObjectField,
    object: object,
    callResolver: CallResolver,
    path: Path,
  ): Promise<ResolverResult> => {
    const result: ResolverResult = hasResolver(source)
      ? await callResolver(source, object, path)
      : { status: 'fulfilled', value: (object as Readonly<Record<string, unknown>>)[name] };
    return result.status === 'fulfilled' && plan.resolve
      ? { status: 'fulfilled', value: await plan.resolve(result.value, callResolver, path) }
      : result;
  };
  return {
    resolve:
      resolved.length === 0
        ? null
        : async (value, callResolver, path) => {
            if (!isSource(value)) return value;
            const results = new Map<string, ResolverResult>();
            const resolveOne = async (field: ObjectField): Promise<void> => {
              const fieldPath = { prev: path, key: field.key, typename };
              results.set(field.key, await resolveField(field, value, callResolver, fieldPath));
            };
            await Promise.all(resolved.map(resolveOne));
            return withResults(value, results);
          },
    complete: (value, meter) => {
      if (value === null || value === undefined) return null;
      const source = toSource(value);
      if ((meter.left -= weight) < 0) throw TURN_EXCEEDED;
      const data: Record<string, unknown> = {};
      for (const { key, name, read, plan } of fields)
        data[key] = plan.complete(read === null ? source[name] : read(source), meter);
      return data;
    },
    write: async (value, writer) => {
      if (value === null || value === undefined) {
        writer.append('null');
        return;
      }
      const source = toSource(value);
      let separator = '{';
      for (const { key, name, read, plan } of fields) {
        writer.append(`${separator}${JSON.stringify(key)}:`);
        separator = ',';
        const written = plan.write(read === null ? source[name] : read(source), writer);
        if (written) await written;
        if (writer.isDue) await writer.yield();
      }
      writer.append(separator === '{' ? '{}' : '}');
    },
  };
}

const hasResolver = (source: ObjectField['source']): source is FieldWithResolver =>
  typeof source === 'object' && source !== null;

/** Whether resolvers are called for the field, or below it. */
const isResolved = ({ source, plan }: ObjectField): boolean => hasResolver(source) || plan.resolve !== null;

/** What the resolver of a field returned. An error is for graphql-js. */
function valueOf(object: object, key: string): unknown {
  const result = resultOf(object, key);
  return result?.status === 'fulfilled' ? result.value : unexpected();
}

const isSource = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !(value instanceof Error) && !('then' in value);

function toSource(value: object): Readonly<Record<string, unknown>> {
  return isSource(value) ? (value as Readonly<Record<string, unknown>>) : unexpected();
}

/**
 * `plans` has the possible types by name. Values of one class have one type, so the type of each class is resolved once.
 */
export function planAbstract(type: GraphQLAbstractType, plans: ReadonlyMap<string, ValuePlan>): ValuePlan {
  const byClass = new Map<unknown, ValuePlan>();
  const find = (value: object): ValuePlan | undefined => {
    const { constructor } = value;
    let plan = byClass.get(constructor);
    if (!plan) {
      // type-graphql decides by the class alone and looks at nothing else.
      const name: unknown = type.resolveType?.(value, undefined, NO_INFO, type);
      plan = typeof name === 'string' ? plans.get(name) : undefined;
      if (plan) byClass.set(constructor, plan);
    }
    return plan;
  };
  const planOf = (value: object): ValuePlan => find(value) ?? unexpected();
  return {
    resolve: [...plans.values()].every(({ resolve }) => resolve === null)
      ? null
      : async (value, callResolver, path) => {
          const resolve = isSource(value) ? find(value)?.resolve : null;
          return resolve ? await resolve(value, callResolver, path) : value;
        },
    complete: (value, meter) => (value === null || value === undefined ? null : planOf(value).complete(value, meter)),
    write: (value, writer) =>
      value === null || value === undefined ? writer.value(null) : planOf(value).write(value, writer),
  };
}

/** The argument that `resolveType` of type-graphql ignores. */
const NO_INFO = Object.freeze({}) as GraphQLResolveInfo;

/** The JavaScript types of the built-in scalars whose values need no conversion. */
const PLAIN: Readonly<Record<string, string>> = { String: 'string', ID: 'string', Boolean: 'boolean' };

/** Values that need a conversion are serialized by their type. */
export function planLeaf(type: GraphQLLeafType): ValuePlan {
  const plain = PLAIN[type.name];
  const serialize = (value: unknown): unknown => {
    if (value === null || value === undefined) return null;
    if (typeof value === 'function' || value instanceof Error) return unexpected();
    try {
      return type.serialize(value) ?? unexpected();
    } catch {
      return unexpected();
    }
  };
  return {
    resolve: null,
    complete: (value, meter) => {
      const leaf = typeof value === plain ? value : serialize(value);
      if (typeof leaf === 'string') meter.left -= leaf.length;
      else if (typeof leaf === 'object' && leaf !== null) meter.left -= jsonLength(leaf, meter.left);
      else meter.left -= SHORT_VALUE_LENGTH;
      return leaf;
    },
    write: (value, writer) => writer.value(typeof value === plain ? value : serialize(value)),
  };
}

export const planTypeName = ({ name }: GraphQLObjectType): ValuePlan => ({
  resolve: null,
  complete: (_value, meter) => {
    meter.left -= name.length;
    return name;
  },
  write: (_value, writer) => writer.value(name),
});

/** A resolver of introspection: it looks at its arguments and the schema, and returns at once. */
export const toIntrospectionResolver = (
  resolve: GraphQLFieldResolver<unknown, unknown>,
  args: Readonly<Record<string, unknown>>,
  schema: GraphQLSchema,
): FieldPlan['read'] => {
  const info = Object.freeze({ schema }) as GraphQLResolveInfo;
  return (source) => resolve(source, args, undefined, info);
};
