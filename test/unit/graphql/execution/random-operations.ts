// Random operations over a schema, most of them valid: fragments, conditions, variables with defaults, and values of
// variables that are null, omitted or of the wrong type.
import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isUnionType,
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLSchema,
} from 'graphql';
import { createRandom, type Random } from '../../../support/random.ts';
import { ids } from './recording-context.ts';

export interface RandomOperation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly operationName: string | undefined;
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly defaultValue: string | null;
  /** Undefined if the value is omitted. */
  readonly value: unknown;
}

const MAX_DEPTH = 5;
/** Below this depth only __typename is selected. Much larger documents would exceed the limits. */
const MAX_SELECTIONS = 80;
const ROOTS =
  /^(?:assistants?|nodes?|threads?|message|run|_entities|(?:create|update|delete)Assistant|create(?:Thread|Message))$/;
const ALIASES = ['x', 'y', 'then', 'toJSON', 'constructor', 'id', 'length', '__proto__'];
const ODD_VALUES: readonly unknown[] = [null, 5, 'odd', true, {}, [], 1.5, [null], { a: 1 }];

export class RandomOperations {
  readonly #schema: GraphQLSchema;
  readonly #random: Random;
  #fragments: { readonly on: string; readonly name: string; readonly text: string }[] = [];
  #variables: Variable[] = [];
  #selectionsLeft = MAX_SELECTIONS;

  constructor(schema: GraphQLSchema, seed: number) {
    this.#schema = schema;
    this.#random = createRandom(seed);
  }

  next(): RandomOperation {
    this.#fragments = [];
    this.#variables = [];
    this.#selectionsLeft = MAX_SELECTIONS;
    const isMutation = this.#chance(0.35);
    const root = isMutation ? this.#schema.getMutationType() : this.#schema.getQueryType();
    if (!root) throw new TypeError('the schema has both');
    const kind = isMutation ? 'mutation' : 'query';
    const isNamed = this.#chance(0.3);
    const selections = this.#selections(root, 0);
    const declared = this.#variables.map(
      ({ name, type, defaultValue }) => `$${name}: ${type}${defaultValue === null ? '' : ` = ${defaultValue}`}`,
    );
    const head = `${kind}${isNamed ? ' Named' : ''}${declared.length > 0 ? `(${declared.join(', ')})` : ''}`;
    const other = isNamed && this.#chance(0.3) ? ' query Other { __typename }' : '';
    const entries = this.#variables.filter(({ value }) => value !== undefined);
    return {
      query: `${head} ${selections}${other} ${this.#fragments.map(({ text }) => text).join(' ')}`,
      variables: Object.fromEntries(entries.map(({ name, value }) => [name, value])),
      operationName: isNamed && (other !== '' || this.#chance(0.5)) ? 'Named' : undefined,
    };
  }

  #chance(probability: number): boolean {
    return this.#random.next() < probability;
  }

  #upTo(limit: number): number {
    return Math.floor(this.#random.next() * limit);
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#upTo(items.length)] as T;
  }

  #selections(type: GraphQLCompositeType, depth: number): string {
    if (this.#selectionsLeft <= 0) return '{ __typename }';
    const count = 1 + this.#upTo(depth === 0 ? 3 : 5);
    this.#selectionsLeft -= count;
    return `{ ${Array.from({ length: count }, () => this.#selection(type, depth)).join(' ')} }`;
  }

  #selection(type: GraphQLCompositeType, depth: number): string {
    const kind = this.#random.next();
    if (kind < 0.1) return `__typename${this.#condition()}`;
    if (depth < MAX_DEPTH && kind < 0.22) {
      const on = this.#pick(this.#typesWithin(type));
      return `... on ${on.name}${this.#condition()} ${this.#selections(on, depth + 1)}`;
    }
    if (depth < MAX_DEPTH && kind < 0.34) return `...${this.#fragment(type, depth)}${this.#condition()}`;
    if (isUnionType(type)) return '__typename';
    const all = Object.values(type.getFields()).filter(({ name }) => !name.startsWith('_s'));
    // The context has only failing resources for the others.
    const known = depth === 0 && this.#chance(0.9) ? all.filter(({ name }) => ROOTS.test(name)) : all;
    const fields = known.length > 0 ? known : all;
    return this.#field(this.#pick(fields), depth);
  }

  #field(field: GraphQLField<unknown, unknown>, depth: number): string {
    const named = getNamedType(field.type);
    const alias = this.#chance(field.args.length > 0 ? 0.5 : 0.06) ? `${this.#alias(field.args.length > 0)}: ` : '';
    const inside = isCompositeType(named) ? ` ${this.#selections(named, depth + 1)}` : '';
    return `${alias}${field.name}${this.#arguments(field.args)}${this.#condition()}${inside}`;
  }

  #alias(isUnique: boolean): string {
    return isUnique ? `f${this.#upTo(1e6)}` : this.#pick(ALIASES);
  }

  #typesWithin(type: GraphQLCompositeType): readonly GraphQLCompositeType[] {
    if (isAbstractType(type)) return [type, ...this.#schema.getPossibleTypes(type)];
    return [type, ...type.getInterfaces()];
  }

  #fragment(type: GraphQLCompositeType, depth: number): string {
    const on = this.#pick(this.#typesWithin(type));
    const known = this.#fragments.filter((fragment) => fragment.on === on.name);
    if (known.length > 0 && this.#chance(0.5)) return this.#pick(known).name;
    const text = this.#selections(on, depth + 1);
    const name = `F${this.#fragments.length}`;
    this.#fragments.push({ on: on.name, name, text: `fragment ${name} on ${on.name} ${text}` });
    return name;
  }

  #condition(): string {
    if (!this.#chance(0.12)) return '';
    const directives = this.#pick([['skip'], ['include'], ['skip', 'include']]);
    return directives.map((name) => ` @${name}(if: ${this.#conditionValue()})`).join('');
  }

  #conditionValue(): string {
    const known = this.#variables.filter(({ type }) => type.startsWith('Boolean'));
    if (known.length > 0 && this.#chance(0.4)) return `$${this.#pick(known).name}`;
    const kind = this.#random.next();
    if (kind < 0.3) return String(this.#chance(0.5));
    const values: unknown[] = [true, false, true, false, null, undefined];
    if (this.#chance(0.05)) values.push(...ODD_VALUES);
    return kind < 0.5
      ? this.#variable('Boolean!', null, this.#pick(values))
      : this.#variable(this.#pick(['Boolean', 'Boolean!']), String(this.#chance(0.5)), this.#pick(values));
  }

  #variable(type: string, defaultValue: string | null, value: unknown): string {
    const name = `v${this.#variables.length}`;
    this.#variables.push({ name, type, defaultValue, value });
    return `$${name}`;
  }

  #arguments(args: readonly GraphQLArgument[]): string {
    const given = args
      .filter(({ type, defaultValue }) => (isNonNullType(type) && defaultValue === undefined) || this.#chance(0.25))
      .map(({ name, type }) => `${name}: ${this.#value(type, name, 0)}`);
    return given.length > 0 ? `(${given.join(', ')})` : '';
  }

  /** A literal, or a variable. */
  #value(type: GraphQLInputType, name: string, depth: number): string {
    if (!this.#chance(0.3)) return this.#literal(type, name, depth, false);
    const isNullable = !isNonNullType(type);
    const plain = this.#plain(type, name, depth);
    const value = this.#pick([plain, plain, plain, isNullable ? null : plain, undefined, this.#pick([plain, null])]);
    const odd = this.#chance(0.05) ? this.#pick(ODD_VALUES) : value;
    const defaultValue = this.#chance(0.4) ? this.#literal(type, name, depth, true) : null;
    return this.#variable(
      isNonNullType(type) && defaultValue !== null ? String(type.ofType) : String(type),
      defaultValue,
      odd,
    );
  }

  #literal(type: GraphQLInputType, name: string, depth: number, isConstant: boolean): string {
    if (isNonNullType(type)) return this.#nonNullLiteral(type.ofType, name, depth, isConstant);
    return this.#chance(0.1) ? 'null' : this.#nonNullLiteral(type, name, depth, isConstant);
  }

  #nonNullLiteral(type: GraphQLInputType, name: string, depth: number, isConstant: boolean): string {
    const inside = (inner: GraphQLInputType, innerName: string): string =>
      isConstant ? this.#literal(inner, innerName, depth + 1, true) : this.#value(inner, innerName, depth + 1);
    if (isListType(type)) {
      if (this.#chance(0.1)) return inside(type.ofType, name);
      return `[${Array.from({ length: this.#upTo(4) }, () => inside(type.ofType, name)).join(', ')}]`;
    }
    if (isInputObjectType(type)) {
      const chosen = this.#inputFields(Object.values(type.getFields()), type.isOneOf, depth);
      const fields = chosen.map(({ name: field, type: inner }) =>
        type.isOneOf
          ? `${field}: ${this.#nonNullLiteral(inner, field, depth + 1, isConstant)}`
          : `${field}: ${inside(inner, field)}`,
      );
      return `{ ${fields.join(', ')} }`;
    }
    const value = this.#plain(type, name, depth);
    return isEnumType(type) ? String(value) : JSON.stringify(value).replace(/"(\w+)":/g, '$1:');
  }

  #inputFields<T extends { readonly type: GraphQLInputType; readonly defaultValue?: unknown }>(
    fields: readonly T[],
    isOneOf: boolean,
    depth: number,
  ): readonly T[] {
    if (isOneOf) return [this.#pick(fields)];
    return fields.filter(
      ({ type, defaultValue }) =>
        (isNonNullType(type) && defaultValue === undefined) || (depth < 4 && this.#chance(0.2)),
    );
  }

  /** A JSON value that is valid for the type, or nearly valid. */
  #plain(type: GraphQLInputType, name: string, depth: number): unknown {
    if (isNonNullType(type)) return this.#plain(type.ofType, name, depth);
    if (isListType(type)) return Array.from({ length: this.#upTo(4) }, () => this.#plain(type.ofType, name, depth + 1));
    if (isEnumType(type)) return this.#pick(type.getValues()).name;
    if (isInputObjectType(type)) {
      const chosen = this.#inputFields(Object.values(type.getFields()), type.isOneOf, depth);
      return Object.fromEntries(chosen.map((field) => [field.name, this.#plain(field.type, field.name, depth + 1)]));
    }
    switch (type.name) {
      case 'Int':
        return this.#pick(name === 'first' || name === 'last' ? [1, 2, 20, 60, 100, 0, 101] : [0, 1, 50]);
      case 'Float':
        return this.#pick([0, 0.5, 1, 2.5]);
      case 'Boolean':
        return this.#chance(0.6);
      case 'ID':
        return this.#pick(ids);
      case 'JSONObject':
        return this.#pick([{}, { a: 1, b: [1, { c: null }] }, { type: 'object' }]);
      case 'Metadata':
        return this.#pick<unknown>([{}, { k: 'v' }, { constructor: 'c' }]);
      case '_Any':
        return { __typename: this.#pick(['Assistant', 'Assistant', 'Query']), id: this.#pick(ids) };
      default:
        return name === 'after' || name === 'before'
          ? this.#pick(ids)
          : this.#pick(['text', '', 'm', 'holed', 'ünï', '"quoted"\n']);
    }
  }
}
