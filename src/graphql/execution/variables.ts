/**
 * Values of variables, coerced as graphql-js coerces them.
 *
 * graphql-js prints the whole value at fault into each message, which the caller never gets to see, and for an object with
 * unknown keys it does so once for each of them. So what could be large is looked at here first, and the value is left out
 * of the messages.
 */
import {
  coerceInputValue,
  GraphQLError,
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
  typeFromAST,
  valueFromAST,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type VariableDefinitionNode,
} from 'graphql';
import { coercerOf, INVALID_VALUE, isCustomScalar, type InputCoercer } from './input-coercer.ts';

export type Variables = Readonly<Record<string, unknown>>;
export type CoercedVariables = { readonly coerced: Variables } | { readonly errors: readonly GraphQLError[] };
export type VariableCoercer = (variables: Variables) => CoercedVariables;

/** The default of graphql-js. */
const MAX_ERRORS = 50;
/** Of a key that the schema does not have, for suggestions. */
const MAX_KEY_LENGTH = 100;

type Path = readonly (string | number)[];

interface Definition {
  readonly name: string;
  readonly type: GraphQLInputType;
  readonly defaultValue: unknown;
  readonly coerce: InputCoercer;
  readonly node: VariableDefinitionNode;
}

export function createVariableCoercer(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
): VariableCoercer {
  const definitions = variableDefinitions.map((node): Definition => {
    const type = typeFromAST(schema, node.type);
    if (!isInputType(type)) throw new TypeError('variables of a validated operation have input types');
    const defaultValue = node.defaultValue && valueFromAST(node.defaultValue, type);
    return { name: node.variable.name.value, type, defaultValue, coerce: coercerOf(type), node };
  });
  if (definitions.length === 0) return () => NO_VARIABLES;
  return (variables) => {
    const errors: GraphQLError[] = [];
    try {
      const coerced: Record<string, unknown> = {};
      for (const definition of definitions) coerceOne(definition, variables, coerced, errors);
      return errors.length > 0 ? { errors } : { coerced };
    } catch (error) {
      if (error instanceof TooManyErrors) return { errors };
      throw error;
    }
  };
}

const NO_VARIABLES: CoercedVariables = { coerced: {} };

class TooManyErrors extends Error {}

function add(errors: GraphQLError[], error: GraphQLError): void {
  if (errors.length < MAX_ERRORS) {
    errors.push(error);
    return;
  }
  errors.push(new GraphQLError('Too many errors processing variables, error limit reached. Execution aborted.'));
  throw new TooManyErrors();
}

function coerceOne(
  definition: Definition,
  variables: Variables,
  coerced: Record<string, unknown>,
  errors: GraphQLError[],
): void {
  const { name, coerce } = definition;
  const value = Object.hasOwn(variables, name) ? tryCoerce(coerce, variables[name]) : INVALID_VALUE;
  if (value === INVALID_VALUE) coerceWithErrors(definition, variables, coerced, errors);
  else coerced[name] = value;
}

/** {@link INVALID_VALUE} if the value does not fit, for whatever reason. */
function tryCoerce(coerce: InputCoercer, value: unknown): unknown {
  try {
    return coerce(value);
  } catch {
    return INVALID_VALUE;
  }
}

function coerceWithErrors(
  { name, type, defaultValue, node }: Definition,
  variables: Variables,
  coerced: Record<string, unknown>,
  errors: GraphQLError[],
): void {
  const fail = (message: string): void => add(errors, new GraphQLError(message, { nodes: node }));
  if (!Object.hasOwn(variables, name)) {
    if (node.defaultValue) coerced[name] = defaultValue;
    else if (isNonNullType(type)) fail(`Variable "$${name}" of required type "${String(type)}" was not provided.`);
    return;
  }
  const value = variables[name];
  if (value === null && isNonNullType(type)) {
    fail(`Variable "$${name}" of non-null type "${String(type)}" must not be null.`);
    return;
  }
  const report = (path: Path, error: GraphQLError): void => {
    const position = path.length > 0 ? ` at "${name}${path.map(toStep).join('')}"` : '';
    const message = `Variable "$${name}" got invalid value (left out)${position}; ${error.message}`;
    add(errors, new GraphQLError(message, { nodes: node, originalError: error }));
  };
  const invalid = findInvalidValue(value, type, []);
  if (invalid) report(invalid.path, invalid.error);
  else coerced[name] = coerceInputValue(value, type, (path, _value, error) => report(path, error));
}

const toStep = (step: string | number): string => (typeof step === 'number' ? `[${step}]` : `.${step}`);

interface InvalidValue {
  readonly path: Path;
  readonly error: GraphQLError;
}

/**
 * The first place where a value is none of its type and graphql-js would print it: keys that an input object does not
 * have, and objects and lists where the type is a built-in scalar or an enum. It looks at each object once.
 */
function findInvalidValue(value: unknown, type: GraphQLInputType, path: Path): InvalidValue | null {
  if (typeof value !== 'object' || value === null) return null;
  if (isNonNullType(type)) return findInvalidValue(value, type.ofType, path);
  if (isListType(type)) return findInList(value, type.ofType, path);
  if (isInputObjectType(type)) return Array.isArray(value) ? null : findInObject(value as Variables, type, path);
  // What is wrong with an empty object is wrong with every other one.
  return isCustomScalar(type) ? null : { path, error: firstError({}, type) };
}

function findInList(value: object, itemType: GraphQLInputType, path: Path): InvalidValue | null {
  if (!Array.isArray(value)) return findInvalidValue(value, itemType, path);
  for (const [index, item] of value.entries()) {
    if (typeof item !== 'object' || item === null) continue;
    const invalid = findInvalidValue(item, itemType, [...path, index]);
    if (invalid) return invalid;
  }
  return null;
}

function findInObject(value: Variables, type: GraphQLInputObjectType, path: Path): InvalidValue | null {
  const fields = type.getFields();
  for (const key in value) {
    const field = fields[key];
    if (!field) {
      const unknown = { [key.slice(0, MAX_KEY_LENGTH)]: undefined };
      return { path, error: firstError(unknown, type, (message) => message.includes('" is not defined by type "')) };
    }
    const invalid = findInvalidValue(value[key], field.type, [...path, key]);
    if (invalid) return invalid;
  }
  return null;
}

/** What graphql-js says of a small value. */
function firstError(
  value: unknown,
  type: GraphQLInputType,
  isRight: (message: string) => boolean = () => true,
): GraphQLError {
  const errors: GraphQLError[] = [];
  coerceInputValue(value, type, (_path, _value, error) => errors.push(error));
  return errors.find(({ message }) => isRight(message)) ?? new GraphQLError(`Expected type "${String(type)}".`);
}

/** Larger variables have no key: it would stay in memory while the operation is in flight. */
const MAX_CHARACTERS = 4096;
const MAX_VALUES = 256;

/**
 * A key for finding identical operations in flight: the same text for the same values of the variables `names`. Null if they
 * are too large, or have no text of their own. Other variables are not looked at: they have no effect, and there may be very
 * many.
 */
export function toVariablesKey(variables: Variables, names: readonly string[]): string | null {
  const given: unknown[] = [];
  for (const name of names) if (Object.hasOwn(variables, name)) given.push(name, variables[name]);
  return new Measure().fits(given) ? JSON.stringify(given) : null;
}

/** Walks results of JSON.parse and stops at the first value without a unique text. */
class Measure {
  #characters = 0;
  #values = 0;

  fits(value: unknown): boolean {
    if ((this.#values += 1) > MAX_VALUES) return false;
    switch (typeof value) {
      case 'string':
        return this.#takes(value.length);
      case 'number':
        // JSON.parse reads 1e400 as Infinity, which JSON.stringify writes as null.
        return Number.isFinite(value);
      case 'object': {
        if (value === null) return true;
        for (const key in value) if (!this.#takes(key.length) || !this.fits((value as Variables)[key])) return false;
        return true;
      }
      default:
        return true;
    }
  }

  #takes(characters: number): boolean {
    return (this.#characters += characters) <= MAX_CHARACTERS;
  }
}
